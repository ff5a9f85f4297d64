package provider

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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
	if resp.Diagnostics.HasError() || r.run.offline() || !fullyKnown(ctx, plan.Namespace, plan.Service) {
		return
	}
	planned, _ := r.run.plannedService(plan.Namespace.ValueString(), plan.Service.ValueString())
	if planned.ownsTraffic {
		addTwoOwners(&resp.Diagnostics, plan.ref())
		return
	}
	if prior != nil && plan.Traffic.Equal(prior.Traffic) {
		return
	}
	live, err := r.run.client.Read(ctx, plan.ref())
	if err != nil || live == nil {
		return // a Service that this same run creates, or a cluster that is not there yet: the apply will tell
	}
	r.checkRevisions(ctx, &plan, planned.revision, resp)
	if !resp.Diagnostics.HasError() {
		r.dryRun(ctx, &plan, live, planned.revision, resp)
	}
}

// checkRevisions refuses a pinned Revision that does not exist, or belongs to another Service.
func (r *trafficSplitResource) checkRevisions(ctx context.Context, plan *trafficSplitModel, upcoming string, resp *resource.ModifyPlanResponse) {
	revisions, err := r.run.client.List(ctx, kube.Revision, plan.Namespace.ValueString())
	if err != nil {
		return // may not be listed: the route says it at apply
	}
	targets, _ := targetsOf(plan.Traffic)
	for i, t := range targets {
		if t.Revision == "" || t.Revision == upcoming {
			continue
		}
		at := path.Root("traffic").AtListIndex(i).AtName("revision_name")
		rev := revisions[t.Revision]
		switch {
		case rev == nil:
			addErrorAt(&resp.Diagnostics, at, "Rule target-exists",
				fmt.Sprintf("The Revision %q does not exist in namespace %q. A target is a Revision that exists, or one that this run makes. %s", t.Revision, plan.Namespace.ValueString(), known(revisions, plan.Service.ValueString())))
		case rev.GetLabels()[serving.ServiceLabelKey] != plan.Service.ValueString():
			addErrorAt(&resp.Diagnostics, at, "Rule target-exists",
				fmt.Sprintf("The Revision %q belongs to the Service %q. A target is a Revision of %q. %s", t.Revision, rev.GetLabels()[serving.ServiceLabelKey], plan.Service.ValueString(), known(revisions, plan.Service.ValueString())))
		}
	}
}

// dryRun asks the cluster, unless the split names a Revision that this run has yet to make.
func (r *trafficSplitResource) dryRun(ctx context.Context, plan *trafficSplitModel, live *unstructured.Unstructured, upcoming string, resp *resource.ModifyPlanResponse) {
	targets, known := targetsOf(plan.Traffic)
	if !known || (upcoming != "" && slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Revision == upcoming })) {
		return
	}
	dryRun(ctx, r.run, plan.ref(), plan.object(live), kube.ApplyOptions{Manager: splitManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
}

// known lists the Revisions of a Service for an error: the way out is one of them.
func known(revisions map[string]*unstructured.Unstructured, service string) string {
	var names []string
	for name, rev := range revisions {
		if rev.GetLabels()[serving.ServiceLabelKey] == service {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("%q has no Revisions.", service)
	}
	sort.Strings(names)
	return fmt.Sprintf("Those of %q: %s. A Revision that this run makes is known where template.name is set and service refers to the knative_service.", service, strings.Join(names, ", "))
}
