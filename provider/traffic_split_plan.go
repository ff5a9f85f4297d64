package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
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
}

// ModifyPlan checks the split against the Service and its Revisions, and asks the cluster for its verdict.
func (r *trafficSplitResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.run == nil {
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
	if r.checkRevisions(ctx, &plan, upcoming, live == nil && !inPlan, resp); resp.Diagnostics.HasError() || live == nil {
		return
	}
	targets, known := targetsOf(plan.Traffic)
	if !known || slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Revision != "" && t.Revision == upcoming.revision }) {
		return // the cluster cannot judge a Revision that this run has yet to make
	}
	dryRun(ctx, r.run, plan.ref(), plan.object(live), kube.ApplyOptions{Manager: splitManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
}

// checkRevisions holds the split to the Revisions that are there, and the one that this run makes.
func (r *trafficSplitResource) checkRevisions(ctx context.Context, plan *trafficSplitModel, upcoming plannedService, noService bool, resp *resource.ModifyPlanResponse) {
	revisions, err := r.run.client.List(ctx, kube.Revision, plan.Namespace.ValueString())
	if err != nil || noService {
		return // may not be listed, or the Service comes from elsewhere: the apply will tell
	}
	owners := map[string]string{}
	for name, rev := range revisions {
		owners[name] = rev.GetLabels()[serving.ServiceLabelKey]
	}
	if upcoming.revision != "" {
		owners[upcoming.revision] = plan.Service.ValueString()
	}
	targets, _ := targetsOf(plan.Traffic)
	addViolations(&resp.Diagnostics, path.Root("traffic"), rollout.CheckTargetExists(targets, plan.Service.ValueString(), owners))
}
