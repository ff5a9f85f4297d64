package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

var (
	_ resource.ResourceWithConfigure      = &slbIngressResource{}
	_ resource.ResourceWithModifyPlan     = &slbIngressResource{}
	_ resource.ResourceWithValidateConfig = &slbIngressResource{}
	_ resource.ResourceWithImportState    = &slbIngressResource{}
	_ resource.ResourceWithIdentity       = &slbIngressResource{}
)

// slbTimeout is for a load balancer of Alibaba Cloud, which comes up within a few minutes.
const slbTimeout = 10 * time.Minute

type slbIngressResource struct {
	run *run
}

func newSLBIngressResource() resource.Resource { return &slbIngressResource{} }

func (r *slbIngressResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_slb_ingress"
}

func (r *slbIngressResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the SLBIngress."},
	}}
}

func (r *slbIngressResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (r *slbIngressResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m slbIngressModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) || !r.run.hasCloud(&resp.Diagnostics) {
		return
	}
	limit, d := m.Timeouts.Create(ctx, slbTimeout)
	resp.Diagnostics.Append(d...)
	existing, err := r.run.client.Get(ctx, m.ref())
	if err == nil && existing != nil && !r.mayAdopt(ctx, &m, existing) {
		err = slbExists(m.ref(), existing)
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Creating", m.ref(), err)
		return
	}
	r.deploy(ctx, &m, nil, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Read takes over what the cluster and the cloud hold. The resource is gone only when both the binding and the load balancer are:
//
//	SLBIngress  load balancer  then
//	there       there          both are read; listeners that are gone are planned again
//	gone        there          the plan binds it again
//	there       gone           the plan makes all of it anew
//	gone        gone           it is no more
func (r *slbIngressResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m slbIngressModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(setSLBIdentity(ctx, resp.Identity, &m)...)
	if resp.Diagnostics.HasError() || r.run.offline() || r.run.cloud == nil && r.run.cloudMissing == "" {
		return // offline, the state is the best that is known
	}
	if !r.run.hasCloud(&resp.Diagnostics) || !m.inRegion(r.run.cloud.Region(), &resp.Diagnostics) {
		return
	}
	u, err := r.run.client.Get(ctx, m.ref())
	if err != nil && !kube.NoKind(err) {
		addProblem(&resp.Diagnostics, "Reading", m.ref(), err)
		return
	}
	spec, err := specIn(u)
	if err != nil {
		resp.Diagnostics.AddError("Cannot read the SLBIngress", err.Error())
		return
	}
	imported := m.LoadBalancerID.IsNull()
	if imported {
		if u == nil {
			resp.State.RemoveResource(ctx)
			return
		}
		m.LoadBalancerType, m.LoadBalancerID = types.StringValue(string(spec.LoadBalancerType)), types.StringValue(spec.LoadBalancerID)
		m.ForceConflicts = types.BoolValue(false)
	}
	maker, err := r.maker(ctx, &m)
	var b *balancer.Balancer
	if err == nil {
		b, err = maker.Get(ctx, m.LoadBalancerID.ValueString())
	}
	if err != nil {
		addSLBProblem(&resp.Diagnostics, "Reading", &m, err)
		return
	}
	if u == nil && b == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	r.run.remember(m.ref())
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, goneKey, b == nil)...)
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, existsKey, true)...)
	if b != nil {
		r.readAll(ctx, &m, maker, b, u, spec, imported, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// readAll reads a load balancer that is there, its listeners, and the SLBIngress if there is one.
func (r *slbIngressResource) readAll(ctx context.Context, m *slbIngressModel, maker *balancer.Maker, b *balancer.Balancer, u *unstructured.Unstructured, spec v1alpha1.SLBIngressSpec, imported bool, out outcome) {
	live, err := maker.Listeners(ctx, b.ID)
	if err != nil {
		addSLBProblem(out.diags, "Reading", m, err)
		return
	}
	if imported {
		m.Adopted = types.BoolValue(!maker.Made(b))
	}
	m.Region = types.StringValue(r.run.cloud.Region())
	m.read(b, imported)
	visible := map[int32]string{}
	for _, l := range spec.Listeners {
		visible[l.Port] = l.Visibility
	}
	m.readListeners(ctx, live, visible, imported, out.diags)
	if u != nil {
		m.readSpec(spec, imported)
		m.Labels = readMap(m.Labels, u.GetLabels(), imported)
	}
	m.observe(u)
	if out.diags.HasError() {
		return
	}
	// What is told to the guard of load balancer and listeners is as it should be, or the plan says it again.
	want := m.spec(ctx, live, out.diags)
	told := u != nil && want.Address == spec.Address && want.LoadBalancerID == spec.LoadBalancerID && sameListeners(want.Listeners, spec.Listeners)
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, !told)...)
}

func (r *slbIngressResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, prior slbIngressModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) || !r.run.hasCloud(&resp.Diagnostics) {
		return
	}
	limit, d := m.Timeouts.Update(ctx, slbTimeout)
	resp.Diagnostics.Append(d...)
	r.deploy(ctx, &m, &prior, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *slbIngressResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m slbIngressModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) || !r.run.hasCloud(&resp.Diagnostics) || !m.inRegion(r.run.cloud.Region(), &resp.Diagnostics) {
		return
	}
	if recreated(ctx, req.Private, m.ref()) {
		r.run.remember(m.ref())
		return // the create that follows goes on with it
	}
	limit, d := m.Timeouts.Delete(ctx, slbTimeout)
	resp.Diagnostics.Append(d...)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r.destroy(ctx, &m, limit, &resp.Diagnostics)
}

// ImportState takes the name, or a resource identity.
func (r *slbIngressResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("name"), path.Root("name"), req, resp)
}

// maker makes and takes away what is this SLBIngress'.
func (r *slbIngressResource) maker(ctx context.Context, m *slbIngressModel) (*balancer.Maker, error) {
	uid, err := r.run.clusterUID(ctx)
	if err != nil {
		return nil, err
	}
	report := func(text string) { tflog.Info(ctx, m.ref().String()+": "+text) }
	owner := balancer.Owner{Cluster: uid, Name: m.Name.ValueString(), Guards: func(ctx context.Context) ([]string, error) { return r.guards(ctx, m) }}
	return balancer.New(r.run.cloud, m.kind(), owner, report), nil
}

// guards are the certificates that the guard says it has uploaded, for listeners of the SLBIngress.
func (r *slbIngressResource) guards(ctx context.Context, m *slbIngressModel) ([]string, error) {
	u, err := r.run.client.Get(ctx, m.ref())
	if err != nil || u == nil {
		return nil, err
	}
	uploaded, _, err := unstructured.NestedSlice(u.Object, "status", "certificates")
	var ids []string
	for _, one := range uploaded {
		if c, ok := one.(map[string]any); ok {
			ids = append(ids, fmt.Sprint(c["id"]))
		}
	}
	return ids, err
}

// clusterUID tells clusters apart: the UID of the namespace kube-system, which is asked for once a run.
func (r *run) clusterUID(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uid != "" {
		return r.uid, nil
	}
	ref := kube.Ref{Kind: kube.Namespace, Name: "kube-system"}
	u, err := r.client.Get(ctx, ref)
	switch {
	case err != nil:
		return "", kube.Describe("Telling the cluster from others by the UID of", ref, err)
	case u == nil:
		return "", fmt.Errorf("the cluster has no namespace kube-system, by which load balancers are marked as its own")
	}
	r.uid = string(u.GetUID())
	return r.uid, nil
}

// setSLBIdentity is setIdentity of what is in no namespace.
func setSLBIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, m *slbIngressModel) diag.Diagnostics {
	return identity.SetAttribute(ctx, path.Root("name"), m.Name)
}

// inRegion refuses to look for a load balancer in another region than its own: it would seem to be gone.
func (m *slbIngressModel) inRegion(region string, diags *diag.Diagnostics) bool {
	if own := m.Region.ValueString(); own != "" && own != region {
		diags.AddError("Another region", fmt.Sprintf("%s has its load balancer %s in %s, and the provider's block alicloud says %s. Set region to %s, here or in a provider of an alias.", m.ref(), m.LoadBalancerID.ValueString(), own, region, own))
		return false
	}
	return true
}
