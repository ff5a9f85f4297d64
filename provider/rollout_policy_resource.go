package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ktypes "k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var (
	_ resource.ResourceWithConfigure      = &rolloutPolicyResource{}
	_ resource.ResourceWithModifyPlan     = &rolloutPolicyResource{}
	_ resource.ResourceWithValidateConfig = &rolloutPolicyResource{}
	_ resource.ResourceWithImportState    = &rolloutPolicyResource{}
	_ resource.ResourceWithIdentity       = &rolloutPolicyResource{}
)

// policyTimeout is for one object that nothing has to start for.
const policyTimeout = time.Minute

type rolloutPolicyResource struct {
	run *run
}

func newRolloutPolicyResource() resource.Resource { return &rolloutPolicyResource{} }

func (r *rolloutPolicyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rollout_policy"
}

func (r *rolloutPolicyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes, blocks := policyField.ResourceAttributes(), policyField.ResourceBlocks()
	attributes["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The policy's name, which its denials give: a DNS name of at most 253 characters. A change makes a new object.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["namespace"] = namespaceAttribute("The namespace of the policy and of the Services that it governs.")
	enforcement := attributes["enforcement"].(schema.StringAttribute)
	// Always ours, unlike other fields that are left out: nobody is to turn a policy off by hand and have every plan look clean.
	enforcement.Computed, enforcement.Default = true, stringdefault.StaticString(string(v1alpha1.Enforce))
	attributes["enforcement"] = enforcement
	freeze := blocks["freeze"].(schema.ListNestedBlock)
	freeze.Validators = []validator.List{listvalidator.SizeAtMost(maxFreezes)}
	blocks["freeze"] = freeze
	attributes["force_conflicts"] = forceConflictsAttribute()
	attributes["id"] = schema.StringAttribute{Computed: true, MarkdownDescription: "`namespace/name`."}
	attributes["uid"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The object's unique ID."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "How traffic may move between the Revisions of Knative Services: how far in one step, how soon after the last, when not at all, and what must stay to go back to. " +
			"The guard, which has to be installed in the cluster, holds everyone to it who changes a Service's traffic or its template: Terraform, kubectl, a pipeline. It never holds up a rollback: a change that raises only the stable Revision, or the stable one before it.\n\n" +
			"A rule whose setting is left out does not apply. Where several policies govern one Service, each is held to by itself. Attributes are the fields of the API's `RolloutPolicy` in snake_case, without the levels `metadata` and `spec`.\n\n" +
			"A plan shows what the guard would say to a `knative_traffic_split` or a `knative_service` of the same configuration, by the policies that are in the cluster then; a policy of the same plan counts from its apply on, moments after it.",
		Attributes: attributes,
		Blocks:     blocks,
	}
}

func (r *rolloutPolicyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema("name", "RolloutPolicy")
}

func (r *rolloutPolicyResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (r *rolloutPolicyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m rolloutPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	existing, err := r.run.client.Get(ctx, m.ref())
	if err == nil && existing != nil && !m.isAlready(existing) {
		err = alreadyExists(m.ref())
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Creating", m.ref(), err)
		return
	}
	r.apply(ctx, &m, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Read finds a policy gone where its kind is: without the guard's CRDs there is none, and the plan says that it has to be made.
func (r *rolloutPolicyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m rolloutPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "name", m.ref())...)
	if resp.Diagnostics.HasError() || r.run.offline() {
		return // offline, the state is the best that is known
	}
	u, err := r.run.client.Read(ctx, m.ref())
	if err != nil && !kube.NoKind(err) {
		addProblem(&resp.Diagnostics, "Reading", m.ref(), err)
		return
	}
	if u == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	read := m.read
	if m.Enforcement.IsNull() { // just imported
		read = m.adopt
		m.ForceConflicts = types.BoolValue(false)
	}
	if err := read(u); err != nil {
		resp.Diagnostics.AddError("Cannot read the RolloutPolicy", err.Error())
		return
	}
	r.save(ctx, &m, u, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *rolloutPolicyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m rolloutPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	r.apply(ctx, &m, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *rolloutPolicyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m rolloutPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, policyTimeout)
	defer cancel()
	err := r.run.client.Delete(ctx, m.ref(), ktypes.UID(m.UID.ValueString()))
	if err == nil {
		err = r.run.client.WaitGone(ctx, m.ref(), progress(ctx, m.ref()))
	}
	if err != nil && !kube.NoKind(err) { // a CRD takes its objects along
		addProblem(&resp.Diagnostics, "Deleting", m.ref(), err)
	}
}

func (r *rolloutPolicyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importState(ctx, req, resp, "name")
}

func (r *rolloutPolicyResource) apply(ctx context.Context, m *rolloutPolicyModel, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, policyTimeout)
	defer cancel()
	u, err := r.run.client.Apply(ctx, m.ref(), m.object(), kube.ApplyOptions{Manager: policyManager, Force: m.ForceConflicts.ValueBool()})
	if err != nil {
		addProblem(out.diags, "Applying", m.ref(), err)
		return
	}
	r.save(ctx, m, u, out)
}

func (r *rolloutPolicyResource) save(ctx context.Context, m *rolloutPolicyModel, u *unstructured.Unstructured, out outcome) {
	m.observe(u)
	out.diags.Append(out.state.Set(ctx, m)...)
	out.diags.Append(setIdentity(ctx, out.identity, "name", m.ref())...)
}

// isAlready says whether a policy that is there is to the letter what an earlier run made and did not live to save.
func (m *rolloutPolicyModel) isAlready(existing *unstructured.Unstructured) bool {
	switch {
	case !kube.Applied(existing, policyManager):
		return false
	case !fullyKnown(m.value()):
		return true // a plan cannot tell yet; the apply can
	}
	there := *m
	return there.read(existing) == nil && there.sameObject(m)
}
