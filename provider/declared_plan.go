package provider

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// validation finds what is wrong with a spec, which it is given as JSON.
type validation func(spec []byte) (field.ErrorList, error)

// validates is the validation of a type of the API.
func validates[S any, P interface {
	*S
	Validate() field.ErrorList
}](spec []byte) (field.ErrorList, error) {
	var s S
	if err := json.Unmarshal(spec, &s); err != nil {
		return nil, err
	}
	return P(&s).Validate(), nil
}

// ValidateConfig holds the object to what the guard's admission holds it to, with no cluster.
func (r *declared) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	m := r.model(ctx, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name := m.text("name")
	if problems := apivalidation.NameIsDNSSubdomain(name.ValueString(), false); len(problems) > 0 && fullyKnown(name) {
		addErrorAt(&resp.Diagnostics, path.Root("name"), "Not a name", strings.Join(problems, "; ")+".")
	}
	if !fullyKnown(m.configured()) || r.field.Check(ctx, path.Empty(), m.configured()).HasError() {
		return // what is not known cannot be judged; what is malformed, the framework reports itself
	}
	spec, err := m.spec()
	if err != nil {
		addErrorAt(&resp.Diagnostics, path.Empty(), "The "+r.kind.Kind+" cannot be read", err.Error())
		return
	}
	problems, err := r.validate(spec)
	if err != nil {
		addErrorAt(&resp.Diagnostics, path.Empty(), "The "+r.kind.Kind+" cannot be read", err.Error())
		return
	}
	for _, bad := range problems {
		addErrorAt(&resp.Diagnostics, r.field.Locate(path.Empty(), bad.Field), "Refused by the guard's validation", bad.ErrorBody()+" (in the API: "+bad.Field+").")
	}
}

// ModifyPlan makes the plan say what the apply will do, and what the cluster would refuse.
func (r *declared) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.run == nil {
		return
	}
	plan := r.model(ctx, req.Plan, &resp.Diagnostics)
	var prior *declaredModel
	if !req.State.Raw.IsNull() {
		prior = r.model(ctx, req.State, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.attrs["namespace"] = planNamespace(ctx, r.run, req, resp)
	plan.foretell(prior)
	resp.RequiresReplace = append(resp.RequiresReplace, plan.replaced(prior)...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan.whole())...)
	if resp.Diagnostics.HasError() || r.run.offline() || !fullyKnown(plan.attrs["namespace"], plan.attrs["name"]) {
		return
	}
	switch {
	case prior != nil && (plan.sameObject(prior) || len(resp.RequiresReplace) > 0):
		return // nothing to ask, or asked in a moment: a replacement is planned once more, as a creation
	case prior == nil && !r.creatable(ctx, plan, resp):
		return
	}
	if fullyKnown(plan.configured()) {
		dryRun(ctx, r.run, plan.ref(), plan.object(), kube.ApplyOptions{Manager: r.manager, Force: plan.force()}, &resp.Diagnostics)
	}
}

// creatable says whether a dry run can tell what the creation will meet, and refuses to create over an object that is somebody
// else's:
//
//	there is   it is in this run's state   it is what this plan makes   what to do
//	none       –                           –                            ask
//	one        yes                         –                            its replacement: nothing to ask while it is there
//	one        no                          yes                          ask: an earlier run did not live to save it
//	one        no                          no                           refuse
func (r *declared) creatable(ctx context.Context, plan *declaredModel, resp *resource.ModifyPlanResponse) bool {
	live, err := r.run.client.Read(ctx, plan.ref())
	switch {
	case err != nil || live == nil:
		return true
	case r.run.remembers(plan.ref()):
		return false
	case plan.isAlready(live):
		return true
	}
	addProblem(&resp.Diagnostics, "Planning", plan.ref(), alreadyExists(plan.ref()))
	return false
}

// replaced are the attributes whose change makes another object.
func (m *declaredModel) replaced(prior *declaredModel) path.Paths {
	var out path.Paths
	for _, name := range m.fixed {
		if prior != nil && !m.attrs[name].Equal(prior.attrs[name]) {
			out = append(out, path.Root(name))
		}
	}
	return out
}
