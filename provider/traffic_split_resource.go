package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var (
	_ resource.ResourceWithConfigure      = &trafficSplitResource{}
	_ resource.ResourceWithModifyPlan     = &trafficSplitResource{}
	_ resource.ResourceWithValidateConfig = &trafficSplitResource{}
	_ resource.ResourceWithImportState    = &trafficSplitResource{}
	_ resource.ResourceWithIdentity       = &trafficSplitResource{}
)

// What becomes of the traffic when the split is destroyed.
const (
	onDestroyKeep   = "keep"
	onDestroyLatest = "latest"
)

// defaultSplitTimeout covers a Revision that has to scale from zero before it gets traffic.
const defaultSplitTimeout = 5 * time.Minute

type trafficSplitResource struct {
	run *run
}

func newTrafficSplitResource() resource.Resource { return &trafficSplitResource{} }

func (r *trafficSplitResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_traffic_split"
}

func (r *trafficSplitResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How the requests of a Knative Service are split over its Revisions: canary, promotion, rollback, and a URL for each tag.\n\n" +
			"It owns `spec.traffic` of the Service and nothing else, under a field manager of its own: while a split pins Revisions, a new template gets no requests until the split says so.\n\n" + progressDoc,
		Attributes: map[string]schema.Attribute{
			"service": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The name of the Service. Refer to `knative_service.….name`, so that the split is applied after it.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"namespace": namespaceAttribute("The namespace of the Service."),
			"on_destroy": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyKeep),
				MarkdownDescription: "What becomes of the traffic when this resource is destroyed: `keep` leaves it as it is (default), `latest` sends all of it to the latest Ready Revision.",
				Validators:          []validator.String{stringvalidator.OneOf(onDestroyKeep, onDestroyLatest)},
			},
			"force_conflicts": forceConflictsAttribute(),
			"wait_for_ready":  waitForReadyAttribute("Wait until Knative carries out the split, and fail where it does not. Default `true`."),
			"id":              schema.StringAttribute{Computed: true, MarkdownDescription: "`namespace/service`."},
			"service_uid":     schema.StringAttribute{Computed: true, MarkdownDescription: "The unique ID of the Service that the split is applied to."},
			"tag_urls":        schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The URL of each tag."},
			"traffic_status":  trafficStatusAttribute("The split that Knative carries out."),
		},
		Blocks: map[string]schema.Block{
			"traffic": schema.ListNestedBlock{
				MarkdownDescription: "A target: one Revision, or the latest. The percents of all add up to 100.",
				NestedObject:        schema.NestedBlockObject{Attributes: trafficField.Elem.ResourceAttributes()},
				Validators:          []validator.List{listvalidator.IsRequired()},
			},
			"progress": progressBlock(),
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Update: true, Delete: true,
				CreateDescription: "How long the split may take to be carried out, with all steps of `progress`. Default `5m`, and what pauses and gates may take.",
				UpdateDescription: "How long the split may take to be carried out, with all steps of `progress`. Default `5m`, and what pauses and gates may take.",
				DeleteDescription: "How long letting go may take. Default `5m`.",
			}),
		},
	}
}

func (r *trafficSplitResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema("service", "Service")
}

func (r *trafficSplitResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (r *trafficSplitResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m trafficSplitModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	steps := progressOf(ctx, req.Config, &resp.Diagnostics)
	limit, d := m.Timeouts.Create(ctx, defaultSplitTimeout+steps.longest())
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.apply(ctx, &m, steps, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *trafficSplitResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m trafficSplitModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "service", m.ref())...)
	if resp.Diagnostics.HasError() || r.run.offline() {
		return // offline, the state is the best that is known
	}
	u, err := r.run.client.Read(ctx, m.ref())
	if err != nil {
		addProblem(&resp.Diagnostics, "Reading", m.ref(), err)
		return
	}
	if u == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	if m.OnDestroy.IsNull() { // just imported
		m.OnDestroy, m.ForceConflicts, m.WaitForReady = types.StringValue(onDestroyKeep), types.BoolValue(false), types.BoolValue(true)
	}
	if err := m.read(u); err != nil {
		resp.Diagnostics.AddError("Cannot read the split", err.Error())
		return
	}
	if underWay(u, m.WaitForReady.ValueBool()) { // whoever began it did not live to say so
		resp.Diagnostics.Append(setFlag(ctx, resp.Private, unfinishedKey, true)...)
	}
	r.save(ctx, &m, u, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *trafficSplitResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m trafficSplitModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	steps := progressOf(ctx, req.Config, &resp.Diagnostics)
	limit, d := m.Timeouts.Update(ctx, defaultSplitTimeout+steps.longest())
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.apply(ctx, &m, steps, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Delete lets go of the traffic. Merely letting go would reset it to the latest Revision at once (facts/knative.md), so what
// is to stay is handed to another manager first.
func (r *trafficSplitResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m trafficSplitModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	if recreated(ctx, req.Private, m.ref()) {
		return // the create that follows goes on with the split as it is
	}
	limit, d := m.Timeouts.Delete(ctx, defaultSplitTimeout)
	resp.Diagnostics.Append(d...)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	live, err := r.run.client.Get(ctx, m.ref())
	if err == nil && live != nil && string(live.GetUID()) == m.ServiceUID.ValueString() && live.GetDeletionTimestamp() == nil {
		err = r.release(ctx, &m, live)
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Letting go of the traffic of", m.ref(), err)
	}
}

func (r *trafficSplitResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importState(ctx, req, resp, "service")
}

// apply writes the split, after the steps to it where there are any, saves the state, and waits until Knative carries it out.
// It waits for the routes only: a rollback is done when its requests flow, however broken the latest Revision is.
func (r *trafficSplitResource) apply(ctx context.Context, m *trafficSplitModel, steps *progressConfig, limit time.Duration, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, warned := kube.CollectWarnings(ctx)
	defer addWarnings(out.diags, m.ref(), warned)
	live, err := r.run.client.Get(ctx, m.ref())
	if err == nil && live == nil {
		err = noService(m.ref())
	}
	if err != nil {
		addProblem(out.diags, "Splitting the traffic of", m.ref(), err)
		return
	}
	if steps != nil && !r.advance(ctx, m, steps, live, out) {
		return
	}
	u, err := applyOver(ctx, r.run.client, m.ref(), m.object(live), kube.ApplyOptions{Manager: splitManager, Force: m.ForceConflicts.ValueBool()})
	if err != nil {
		addProblem(out.diags, "Splitting the traffic of", m.ref(), err)
		return
	}
	r.save(ctx, m, u, out)
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, m.WaitForReady.ValueBool())...)
	if !m.WaitForReady.ValueBool() || out.diags.HasError() {
		return
	}
	seen, err := r.run.client.Wait(ctx, m.ref(), u, kube.Until(servingv1.ServiceConditionRoutesReady, u.GetGeneration()), progress(ctx, m.ref()))
	if seen != nil {
		r.save(ctx, m, seen, out)
	}
	if err != nil {
		addWaitProblem(ctx, r.run.client, m.ref(), seen, err, out.diags)
		return
	}
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, false)...)
}

func (r *trafficSplitResource) release(ctx context.Context, m *trafficSplitModel, live *unstructured.Unstructured) error {
	if m.OnDestroy.ValueString() == onDestroyKeep {
		traffic, _, _ := unstructured.NestedSlice(live.Object, "spec", "traffic")
		if _, err := r.run.client.Apply(ctx, m.ref(), splitObject(live, traffic), kube.ApplyOptions{Manager: releasedManager, Force: true}); err != nil {
			return err
		}
	}
	_, err := r.run.client.Apply(ctx, m.ref(), splitObject(live, nil), kube.ApplyOptions{Manager: splitManager})
	return err
}

func (r *trafficSplitResource) save(ctx context.Context, m *trafficSplitModel, u *unstructured.Unstructured, out outcome) {
	if err := m.observe(u); err != nil {
		out.diags.AddError("Cannot read the split", err.Error())
	}
	out.diags.Append(out.state.Set(ctx, m)...)
	out.diags.Append(setIdentity(ctx, out.identity, "service", m.ref())...)
}

func noService(ref kube.Ref) error {
	return &kube.Problem{
		Summary: "The Service does not exist",
		Detail:  fmt.Sprintf("%s is not in the cluster. Write service = knative_service.….name, so that the split is applied after the Service is made.", ref),
	}
}
