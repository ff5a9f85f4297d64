package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ktypes "k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var (
	_ resource.ResourceWithConfigure      = &serviceResource{}
	_ resource.ResourceWithModifyPlan     = &serviceResource{}
	_ resource.ResourceWithValidateConfig = &serviceResource{}
	_ resource.ResourceWithImportState    = &serviceResource{}
	_ resource.ResourceWithIdentity       = &serviceResource{}
)

// How long a Service may take by default: an image of some GB on a fresh node is pulled in that time.
const (
	defaultCreateTimeout = 10 * time.Minute
	defaultDeleteTimeout = 5 * time.Minute
)

type serviceResource struct {
	blocks blockForm
	run    *run
}

func (r *serviceResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service"
}

func (r *serviceResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes, blocks := serviceField.ResourceAttributes(), serviceField.ResourceBlocks()
	attributes["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The Service's name: a DNS label of at most 63 characters. It is part of the URL.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["namespace"] = namespaceAttribute("The Service's namespace.")
	attributes["deletion_protection"] = schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Refuse to plan the Service's destruction or replacement. Default `false`.",
	}
	attributes["force_conflicts"] = forceConflictsAttribute()
	attributes["wait_for_ready"] = waitForReadyAttribute("Wait until the Service is Ready, and fail where it does not become so. Default `true`.")
	blocks["timeouts"] = timeouts.Block(ctx, timeouts.Opts{Create: true, Update: true, Delete: true,
		CreateDescription: "How long to wait for a new Service to be Ready. Default `10m`.",
		UpdateDescription: "How long to wait for a changed Service to be Ready. Default `10m`.",
		DeleteDescription: "How long to wait for a deleted Service to be gone. Default `5m`.",
	})
	attributes["id"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["id"]}
	attributes["uid"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["uid"]}
	attributes["generation"] = schema.Int64Attribute{Computed: true, MarkdownDescription: serviceDocs["generation"]}
	attributes["url"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["url"]}
	attributes["latest_created_revision"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["latest_created_revision"] + " Known at plan where `template.name` is set."}
	attributes["latest_ready_revision"] = schema.StringAttribute{Computed: true, MarkdownDescription: serviceDocs["latest_ready_revision"]}
	attributes["conditions"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: serviceDocs["conditions"],
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"type":    schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["type"]},
			"status":  schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["status"]},
			"reason":  schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["reason"]},
			"message": schema.StringAttribute{Computed: true, MarkdownDescription: conditionDocs["message"]},
		}},
	}
	attributes["traffic_status"] = trafficStatusAttribute(serviceDocs["traffic_status"])
	if r.blocks == packedBlocks {
		blocks = map[string]schema.Block{"timeouts": blocks["timeouts"]}
		maps.Copy(attributes, packedAttributes())
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A [Knative Service](https://knative.dev/docs/serving/services/): a container that answers requests, scales with them, and keeps a Revision of each change.\n\n" +
			"Attributes are Knative's own fields in snake_case, without the levels `metadata` and `spec`. Only what is configured is owned, by server-side apply: labels, annotations and defaults that others write are left alone.",
		Attributes: attributes,
		Blocks:     blocks,
	}
}

func (r *serviceResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema("name", "Service")
}

func (r *serviceResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.run = runOf(req.ProviderData, &resp.Diagnostics)
}

func (r *serviceResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m serviceModel
	resp.Diagnostics.Append(m.from(ctx, &req.Plan)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	limit, d := m.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(d...)
	existing, err := r.run.client.Get(ctx, m.ref())
	if err == nil && existing != nil && !r.mayAdopt(&m, existing) {
		err = alreadyExists(m.ref())
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Creating", m.ref(), err)
		return
	}
	r.apply(ctx, &m, existing, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *serviceResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m serviceModel
	resp.Diagnostics.Append(m.from(ctx, &req.State)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, "name", m.ref())...)
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
	r.run.remember(m.ref())
	before, read := m, m.read
	if m.Template.IsNull() { // just imported
		read = m.adopt
		m.DeletionProtection, m.ForceConflicts, m.WaitForReady = types.BoolValue(false), types.BoolValue(false), types.BoolValue(true)
	}
	if err := read(u); err != nil {
		resp.Diagnostics.AddError("Cannot read the Service", err.Error())
		return
	}
	if m.missed(&before, u) {
		resp.Diagnostics.Append(setFlag(ctx, resp.Private, unfinishedKey, true)...)
	}
	r.save(ctx, &m, u, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *serviceResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m serviceModel
	resp.Diagnostics.Append(m.from(ctx, &req.Plan)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	limit, d := m.Timeouts.Update(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(d...)
	var existing *unstructured.Unstructured
	if m.revisionName() != "" {
		var err error
		if existing, err = r.run.client.Get(ctx, m.ref()); err != nil {
			addProblem(&resp.Diagnostics, "Reading", m.ref(), err)
			return
		}
	}
	r.apply(ctx, &m, existing, limit, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

func (r *serviceResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m serviceModel
	resp.Diagnostics.Append(m.from(ctx, &req.State)...)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	if recreated(ctx, req.Private, m.ref()) {
		r.run.remember(m.ref())
		return // the create that follows goes on with it
	}
	limit, d := m.Timeouts.Delete(ctx, defaultDeleteTimeout)
	resp.Diagnostics.Append(d...)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := r.run.client.Delete(ctx, m.ref(), ktypes.UID(m.UID.ValueString()))
	if err == nil {
		err = r.run.client.WaitGone(ctx, m.ref(), progress(ctx, m.ref()))
	}
	if err != nil {
		addProblem(&resp.Diagnostics, "Deleting", m.ref(), err)
	}
}

func (r *serviceResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importState(ctx, req, resp, "name")
}

// apply writes the Service, saves the state, and waits until it is Ready.
func (r *serviceResource) apply(ctx context.Context, m *serviceModel, existing *unstructured.Unstructured, limit time.Duration, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, warned := kube.CollectWarnings(ctx)
	defer addWarnings(out.diags, m.ref(), warned)
	u, err := applyOver(ctx, r.run.client, m.ref(), m.objectOver(existing), kube.ApplyOptions{Manager: serviceManager, Force: m.ForceConflicts.ValueBool()})
	if err != nil {
		addProblem(out.diags, "Applying", m.ref(), err)
		return
	}
	r.save(ctx, m, u, out)
	if !m.WaitForReady.ValueBool() || out.diags.HasError() {
		return
	}
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, true)...)
	seen, err := r.run.client.WaitReady(ctx, m.ref(), u, progress(ctx, m.ref()))
	if seen != nil {
		r.save(ctx, m, seen, out)
	}
	if err != nil {
		addWaitProblem(ctx, r.run.client, m.ref(), seen, err, out.diags)
		return
	}
	out.diags.Append(setFlag(ctx, out.private, unfinishedKey, false)...)
}

func (r *serviceResource) save(ctx context.Context, m *serviceModel, u *unstructured.Unstructured, out outcome) {
	if err := m.observe(u); err != nil {
		out.diags.AddError("Cannot read the Service", err.Error())
	}
	out.diags.Append(m.into(ctx, out.state)...)
	out.diags.Append(setIdentity(ctx, out.identity, "name", m.ref())...)
}

// mayAdopt says whether a create may go on with a Service that is there: it is in this run's state, and only half of a
// replacement is left to do; or it is to the letter what an earlier run made and did not live to save.
func (r *serviceResource) mayAdopt(m *serviceModel, existing *unstructured.Unstructured) bool {
	switch {
	case r.run.remembers(m.ref()):
		return true
	case !kube.Applied(existing, serviceManager):
		return false
	case !fullyKnown(m.Template, m.Labels, m.Annotations, m.Traffic):
		return true // a plan cannot tell yet; the apply can
	}
	there := *m
	return there.read(existing) == nil && there.sameObject(m)
}

func alreadyExists(ref kube.Ref) error {
	return &kube.Problem{
		Summary: fmt.Sprintf("The %s exists already", ref.Kind.Kind),
		Detail:  fmt.Sprintf("%s is in the cluster and is not in this state. Import it to manage it here (terraform import ADDRESS %s/%s), or choose another name.", ref, ref.Namespace, ref.Name),
	}
}
