package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/serving/pkg/apis/serving"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// ValidateConfig holds the split to the rules that need no cluster.
func (r *trafficSplitResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var traffic types.List
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("traffic"), &traffic)...)
	if targets, known := targetsOf(traffic); known && !resp.Diagnostics.HasError() {
		addViolations(&resp.Diagnostics, path.Root("traffic"), rollout.CheckTrafficSum(targets))
	}
	r.validateProgress(ctx, req.Config, &resp.Diagnostics)
}

// validateProgress holds the steps and the gates to what can be said without a cluster.
func (r *trafficSplitResource) validateProgress(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	var block types.Object
	var wait types.Bool
	diags.Append(config.GetAttribute(ctx, path.Root("progress"), &block)...)
	diags.Append(config.GetAttribute(ctx, path.Root("wait_for_ready"), &wait)...)
	if diags.HasError() || block.IsNull() {
		return
	}
	_, d := readProgress(ctx, block)
	diags.Append(d...)
	if !wait.IsNull() && !wait.IsUnknown() && !wait.ValueBool() {
		diags.AddAttributeError(path.Root("wait_for_ready"), "Steps without waiting", "wait_for_ready is false, and each step of progress has to be waited for. Remove one of the two.")
	}
}

// ModifyPlan checks the split against the Service and its Revisions, and asks the cluster for its verdict.
func (r *trafficSplitResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		noteRecreation(ctx, req, resp, nil)
		return
	}
	if r.run == nil {
		return
	}
	var plan trafficSplitModel
	var prior *trafficSplitModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		prior = &trafficSplitModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.Namespace = planNamespace(ctx, r.run, req, resp)
	plan.foretell(prior, flag(ctx, req.Private, unfinishedKey))
	planned := plan.ref()
	noteRecreation(ctx, req, resp, &planned)
	steps, d := readProgress(ctx, plan.Progress)
	resp.Diagnostics.Append(d...)
	addTooLong(ctx, steps, plan.Timeouts, prior == nil, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	if resp.Diagnostics.HasError() || r.run.offline() || !fullyKnown(plan.Namespace, plan.Service) {
		return
	}
	upcoming, inPlan := r.run.plannedService(plan.Namespace.ValueString(), plan.Service.ValueString())
	if upcoming.ownsTraffic {
		addTwoOwners(&resp.Diagnostics, plan.ref())
		return
	}
	if prior != nil && plan.Traffic.Equal(prior.Traffic) {
		return
	}
	live, err := r.run.client.Read(ctx, plan.ref())
	if err != nil {
		return // a cluster that is not there yet: the apply will tell
	}
	// Where the Service is gone, or has never been, a destroy plans the same as an apply before it plans the destroy, and must come
	// through. So what is broken then is an error at the apply alone.
	broken := r.checkRevisions(ctx, &plan, upcoming)
	if live == nil {
		if inPlan {
			warnViolations(&resp.Diagnostics, path.Root("traffic"), broken)
		}
		return
	}
	if addViolations(&resp.Diagnostics, path.Root("traffic"), broken); resp.Diagnostics.HasError() {
		return
	}
	targets, known := targetsOf(plan.Traffic)
	if !known || slices.ContainsFunc(targets, func(t rollout.Target) bool { return r.yetToCome(ctx, &plan, upcoming, t) }) {
		return // the cluster cannot judge a Revision that this run has yet to make
	}
	dryRun(ctx, r.run, plan.ref(), plan.firstObject(ctx, r.run.client, steps, live, &resp.Diagnostics), kube.ApplyOptions{Manager: splitManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
}

// yetToCome says whether a target is the Revision that this run plans, and it is not there yet.
func (r *trafficSplitResource) yetToCome(ctx context.Context, plan *trafficSplitModel, upcoming plannedService, t rollout.Target) bool {
	if t.Revision == "" || t.Revision != upcoming.revision {
		return false
	}
	made, err := r.run.client.Read(ctx, kube.Ref{Kind: kube.Revision, Namespace: plan.Namespace.ValueString(), Name: t.Revision})
	return err != nil || made == nil
}

// checkRevisions holds the split to the Revisions that are there, and the one that this run makes.
func (r *trafficSplitResource) checkRevisions(ctx context.Context, plan *trafficSplitModel, upcoming plannedService) []rollout.Violation {
	revisions, err := r.run.client.List(ctx, kube.Revision, plan.Namespace.ValueString())
	if err != nil {
		return nil // may not be listed: the apply will tell
	}
	owners := map[string]string{}
	for name, rev := range revisions {
		owners[name] = rev.GetLabels()[serving.ServiceLabelKey]
	}
	if upcoming.revision != "" {
		owners[upcoming.revision] = plan.Service.ValueString()
	}
	targets, _ := targetsOf(plan.Traffic)
	return rollout.CheckTargetExists(targets, plan.Service.ValueString(), owners)
}

// firstObject is what an apply writes first: the first step, where there are any. A policy that refuses more than a step at a
// time has to be asked about that.
func (m *trafficSplitModel) firstObject(ctx context.Context, c *kube.Client, steps *progressConfig, live *unstructured.Unstructured, diags *diag.Diagnostics) map[string]any {
	if steps == nil {
		return m.object(live)
	}
	move, err := m.moveFrom(ctx, live, c.Read)
	if stages := move.Stages(steps.steps); err == nil && len(stages) > 0 {
		steps.addMissingTags(move.End, diags)
		return splitObject(live, apiTargets(stages[0].Split))
	}
	return m.object(live)
}

// addTooLong refuses pauses that the timeout does not cover. Without one, there is time for them.
func addTooLong(ctx context.Context, steps *progressConfig, limits timeouts.Value, create bool, diags *diag.Diagnostics) {
	if steps == nil {
		return
	}
	name, limitOf := "update", limits.Update
	if create {
		name, limitOf = "create", limits.Create
	}
	limit, d := limitOf(ctx, defaultSplitTimeout+steps.longest())
	diags.Append(d...)
	if pausing := steps.pausing(); pausing >= limit {
		addErrorAt(diags, path.Root("timeouts").AtName(name), "Not enough time for the steps",
			fmt.Sprintf("The pauses of progress take %s, and the timeout is %s. Let it be %s or more, with what the gates and the Revisions take, or remove it: then it is %s.", pausing, limit, pausing+defaultSplitTimeout, defaultSplitTimeout+steps.longest()))
	}
}
