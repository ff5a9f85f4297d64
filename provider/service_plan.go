package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// ValidateConfig holds the configuration to Knative's own validation and to the rules of traffic, with no cluster.
func (r *serviceResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m serviceModel
	resp.Diagnostics.Append(m.from(ctx, &req.Config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.Template.IsNull() {
		addErrorAt(&resp.Diagnostics, path.Root("template"), "Missing template", "A Service needs a template block: what it runs.")
	}
	resp.Diagnostics.Append(templateField.Check(ctx, path.Root("template"), m.Template)...)
	resp.Diagnostics.Append(trafficField.Check(ctx, path.Root("traffic"), m.Traffic)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if targets, known := targetsOf(m.Traffic); known && !m.Traffic.IsNull() {
		addViolations(&resp.Diagnostics, path.Root("traffic"), rollout.CheckTrafficSum(targets))
	}
	if m.Name.IsUnknown() || !fullyKnown(m.Template, m.Labels, m.Annotations) {
		return
	}
	addTypedTwice(&m, resp)
	if m.Namespace.IsNull() || m.Namespace.IsUnknown() {
		m.Namespace = types.StringValue("default") // any will do: the check is of its form
	}
	for _, bad := range kube.ValidateService(m.object()) {
		at := serviceField.Locate(path.Empty(), bad.Path)
		if bad.Path == "metadata.name" {
			at = path.Root("name")
		}
		addErrorAt(&resp.Diagnostics, at, "Refused by Knative's validation", fmt.Sprintf("%s (in the API: %s).", bad.Message, bad.Path))
	}
}

// addTypedTwice refuses an annotation that scaling sets as well.
func addTypedTwice(m *serviceModel, resp *resource.ValidateConfigResponse) {
	annotations, _ := m.Template.Attributes()["annotations"].(types.Map)
	scaling, _ := m.Template.Attributes()["scaling"].(types.Object)
	for _, f := range scalingFields {
		v, typed := scaling.Attributes()[f.Name]
		if _, plain := annotations.Elements()[f.Key]; plain && typed && !v.IsNull() {
			addErrorAt(&resp.Diagnostics, path.Root("template").AtName("annotations").AtMapKey(f.Key), "Set twice",
				fmt.Sprintf("The annotation %s is what scaling.%s writes. Keep scaling.%s.", f.Key, f.Name, f.Name))
		}
	}
}

// ModifyPlan makes the plan say what the apply will do: what stays, what becomes known, and what the cluster would refuse.
func (r *serviceResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		var prior serviceModel
		resp.Diagnostics.Append(prior.from(ctx, &req.State)...)
		addProtected(&prior, resp)
		noteRecreation(ctx, req, resp, nil)
		return
	}
	var plan serviceModel
	var prior *serviceModel
	resp.Diagnostics.Append(plan.from(ctx, &req.Plan)...)
	if !req.State.Raw.IsNull() {
		prior = &serviceModel{}
		resp.Diagnostics.Append(prior.from(ctx, &req.State)...)
	}
	if resp.Diagnostics.HasError() || r.run == nil {
		return
	}
	plan.Namespace = planNamespace(ctx, r.run, req, resp)
	plan.foretell(prior, flag(ctx, req.Private, unfinishedKey))
	planned := plan.ref()
	noteRecreation(ctx, req, resp, &planned)
	if prior != nil && len(resp.RequiresReplace) > 0 {
		addProtected(prior, resp)
	}
	r.run.planService(plan.Namespace.ValueString(), plan.Name.ValueString(), plannedService{revision: plan.revisionName(), ownsTraffic: !plan.Traffic.IsNull()})
	resp.Diagnostics.Append(plan.into(ctx, &resp.Plan)...)
	if resp.Diagnostics.HasError() || r.run.offline() || (prior != nil && plan.sameObject(prior)) {
		return
	}
	checkRevisionName(&plan, prior, resp)
	if !fullyKnown(plan.Namespace, plan.Name) {
		return
	}
	live, err := r.run.client.Read(ctx, plan.ref())
	if err == nil && live != nil {
		r.checkOwners(&plan, live, prior == nil, resp)
	}
	if !resp.Diagnostics.HasError() && fullyKnown(plan.Template, plan.Labels, plan.Annotations, plan.Traffic) {
		dryRun(ctx, r.run, plan.ref(), plan.objectOver(live), kube.ApplyOptions{Manager: serviceManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
	}
}

// foretell fills the computed attributes of a plan:
//
//	the Service to apply    url, uid, id   revisions              status
//	is new                  unknown        the template's name    unknown
//	has another template    kept           the template's name    unknown
//	differs otherwise       kept           kept                   unknown
//	is the same             kept           kept                   kept
//	rollout is unfinished   kept           the template's name    unknown: the apply waits again, if it is to wait
func (m *serviceModel) foretell(prior *serviceModel, unfinished bool) {
	if fullyKnown(m.Namespace, m.Name) {
		m.ID = types.StringValue(m.Namespace.ValueString() + "/" + m.Name.ValueString())
	}
	if prior == nil {
		m.forget()
		return
	}
	before := types.ObjectValueMust(serviceField.AttrTypes(), prior.configured())
	settled := serviceField.Settle(types.ObjectValueMust(serviceField.AttrTypes(), m.configured()), before)
	m.setConfigured(settled.(types.Object).Attributes())
	id := m.ID
	m.keepStatus(prior)
	m.ID = id
	unfinished = unfinished && m.WaitForReady.ValueBool()
	if unfinished || !m.sameObject(prior) {
		m.forgetStatus()
	}
	if unfinished || !m.Template.Equal(prior.Template) {
		m.forgetRevision()
	}
	if unfinished {
		m.LatestReadyRevision = types.StringUnknown() // another writer may have moved on
	}
}

// checkRevisionName refuses another template under the same name: a Revision never changes.
func checkRevisionName(plan, prior *serviceModel, resp *resource.ModifyPlanResponse) {
	if prior == nil || plan.revisionName() == "" || plan.revisionName() != prior.revisionName() {
		return
	}
	before := prior.Template.Attributes()
	var changed []string
	for name, v := range plan.Template.Attributes() {
		if !v.IsUnknown() && !v.Equal(before[name]) {
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		addErrorAt(&resp.Diagnostics, path.Root("template").AtName("name"), "The Revision's name is taken",
			fmt.Sprintf("The template changes (%s), and its name stays %q. A Revision never changes: give the template a new name, or leave the name out for Knative to name each Revision.", strings.Join(changed, ", "), plan.revisionName()))
	}
}

// checkOwners refuses to plan the creation of what is there already and is not ours, and inline traffic where a traffic split
// owns it.
func (r *serviceResource) checkOwners(plan *serviceModel, live *unstructured.Unstructured, create bool, resp *resource.ModifyPlanResponse) {
	if create && !r.mayAdopt(plan, live) {
		addProblem(&resp.Diagnostics, "Planning", plan.ref(), alreadyExists(plan.ref()))
	}
	if !plan.Traffic.IsNull() && slices.Contains(kube.Owners(live, "spec", "traffic"), splitManager) {
		addTwoOwners(&resp.Diagnostics, plan.ref())
	}
}

func addProtected(prior *serviceModel, resp *resource.ModifyPlanResponse) {
	if prior.DeletionProtection.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("deletion_protection"), "The Service is protected",
			fmt.Sprintf("%s would be destroyed, and its deletion_protection is true. Set it to false and apply, then destroy.", prior.ref()))
	}
}
