package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"k8s.io/apimachinery/pkg/api/validation"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// ValidateConfig holds the policy to what the guard's admission holds it to, with no cluster.
func (r *rolloutPolicyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m rolloutPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if problems := validation.NameIsDNSSubdomain(m.Name.ValueString(), false); len(problems) > 0 && fullyKnown(m.Name) {
		addErrorAt(&resp.Diagnostics, path.Root("name"), "Not a name", strings.Join(problems, "; ")+".")
	}
	if !fullyKnown(m.value()) || policyField.Check(ctx, path.Empty(), m.value()).HasError() {
		return // what is not known cannot be judged; what is malformed, the framework reports itself
	}
	spec, err := m.spec()
	if err != nil {
		addErrorAt(&resp.Diagnostics, path.Empty(), "The policy cannot be read", err.Error())
		return
	}
	for _, bad := range spec.Validate() {
		addErrorAt(&resp.Diagnostics, policyField.Locate(path.Empty(), bad.Field), "Refused by the guard's validation", bad.ErrorBody()+" (in the API: "+bad.Field+").")
	}
}

// ModifyPlan makes the plan say what the apply will do, and what the cluster would refuse.
func (r *rolloutPolicyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.run == nil {
		return
	}
	var plan rolloutPolicyModel
	var prior *rolloutPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		prior = &rolloutPolicyModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.Namespace = planNamespace(ctx, r.run, req, resp)
	plan.foretell(prior)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	if resp.Diagnostics.HasError() || r.run.offline() || prior != nil && plan.sameObject(prior) || !fullyKnown(plan.Namespace, plan.Name) {
		return
	}
	if prior == nil {
		live, err := r.run.client.Read(ctx, plan.ref())
		if err == nil && live != nil && !plan.isAlready(live) {
			addProblem(&resp.Diagnostics, "Planning", plan.ref(), alreadyExists(plan.ref()))
			return
		}
	}
	if fullyKnown(plan.value()) {
		dryRun(ctx, r.run, plan.ref(), plan.object(), kube.ApplyOptions{Manager: policyManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
	}
}
