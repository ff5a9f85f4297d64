package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ktypes "k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// declaredTimeout is for one object that nothing has to start for.
const declaredTimeout = time.Minute

// declared is a resource that is one object of a kind of the guard's: it is applied whole, and done as soon as it is stored. What
// such a resource has beside this are its name, its schema and its fields.
type declared struct {
	run *run
	// suffix is the resource type's name after the provider's.
	suffix string
	kind   kube.Kind
	// manager owns the fields that are applied.
	manager string
	// field is the object as it is applied: its metadata and its spec.
	field *fields.Field
	// fixed are attributes that do not change while the object lives.
	fixed []string
	// validate holds a spec to what the guard's admission holds it to.
	validate specValidation
}

// attributes are those that every declared resource has, and those of its fields.
func (r *declared) attributes(name, namespace string) map[string]schema.Attribute {
	attributes := r.field.ResourceAttributes()
	attributes["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: name + " A DNS name of at most 253 characters. A change makes a new object.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
	attributes["namespace"] = namespaceAttribute(namespace)
	attributes["force_conflicts"] = forceConflictsAttribute()
	attributes["id"] = schema.StringAttribute{Computed: true, MarkdownDescription: "`namespace/name`."}
	attributes["uid"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The object's unique ID."}
	return attributes
}

// Metadata names the resource type.
func (r *declared) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.suffix
}

// IdentitySchema is by namespace and name.
func (r *declared) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema("name", r.kind.Kind)
}

// Configure takes over the provider's connection.
func (r *declared) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.run = runOf(req.ProviderData, &resp.Diagnostics)
}

// Create applies an object that is not there yet, or is to the letter what an earlier run made.
func (r *declared) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	m := r.model(ctx, req.Plan, &resp.Diagnostics)
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
	r.apply(ctx, m, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Read finds an object gone where its kind is: without the guard's CRDs there is none, and the plan says that it has to be made.
func (r *declared) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	m := r.model(ctx, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
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
	r.run.remember(m.ref())
	read := m.read
	if m.text("uid").IsNull() { // just imported
		read = m.adopt
		m.attrs["force_conflicts"] = types.BoolValue(false)
	}
	if err := read(u); err != nil {
		resp.Diagnostics.AddError("Cannot read the "+r.kind.Kind, err.Error())
		return
	}
	r.save(ctx, m, u, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Update applies.
func (r *declared) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	m := r.model(ctx, req.Plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	r.apply(ctx, m, outcome{&resp.State, resp.Identity, resp.Private, &resp.Diagnostics})
}

// Delete deletes the object that the state is about, and no other of its name.
func (r *declared) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	m := r.model(ctx, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.run.acts(&resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, declaredTimeout)
	defer cancel()
	err := r.run.client.Delete(ctx, m.ref(), ktypes.UID(m.text("uid").ValueString()))
	if err == nil {
		err = r.run.client.WaitGone(ctx, m.ref(), progress(ctx, m.ref()))
	}
	if err != nil && !kube.NoKind(err) { // a CRD takes its objects along
		addProblem(&resp.Diagnostics, "Deleting", m.ref(), err)
	}
}

// ImportState takes namespace/name, or an identity.
func (r *declared) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importState(ctx, req, resp, "name")
}

func (r *declared) apply(ctx context.Context, m *declaredModel, out outcome) {
	ctx, cancel := context.WithTimeout(ctx, declaredTimeout)
	defer cancel()
	u, err := r.run.client.Apply(ctx, m.ref(), m.object(), kube.ApplyOptions{Manager: r.manager, Force: m.force()})
	if err != nil {
		addProblem(out.diags, "Applying", m.ref(), err)
		return
	}
	r.save(ctx, m, u, out)
}

func (r *declared) save(ctx context.Context, m *declaredModel, u *unstructured.Unstructured, out outcome) {
	m.observe(u)
	out.diags.Append(out.state.Set(ctx, m.whole())...)
	out.diags.Append(setIdentity(ctx, out.identity, "name", m.ref())...)
}
