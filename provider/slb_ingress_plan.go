package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// ModifyPlan makes the plan say what the apply will do, and what the cluster would refuse.
func (r *slbIngressResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan slbIngressModel
	var prior *slbIngressModel
	if !req.State.Raw.IsNull() {
		prior = &slbIngressModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, prior)...)
	}
	if req.Plan.Raw.IsNull() {
		addSLBProtected(prior, resp)
		noteRecreation(ctx, req, resp, nil)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var configured types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("load_balancer_id"), &configured)...)
	if resp.Diagnostics.HasError() || r.run == nil {
		return
	}
	planned := plan.ref()
	noteRecreation(ctx, req, resp, &planned)
	plan.foretell(prior, configured, flag(ctx, req.Private, unfinishedKey))
	var bandwidth types.Int64
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("bandwidth"), &bandwidth)...)
	if prior != nil && bandwidth.IsNull() && !plan.InternetChargeType.Equal(prior.InternetChargeType) {
		plan.Bandwidth = types.Int64Unknown() // what Alibaba Cloud makes of it
	}
	if prior != nil && plan.replaces(prior, configured, flag(ctx, req.Private, goneKey)) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("load_balancer_id"))
		plan.LoadBalancerID = configured
		if configured.IsNull() {
			plan.LoadBalancerID = types.StringUnknown()
		}
	}
	if prior != nil && len(resp.RequiresReplace) > 0 && !flag(ctx, req.Private, goneKey) {
		addSLBProtected(prior, resp)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	if resp.Diagnostics.HasError() || r.run.offline() || prior != nil && plan.sameObject(prior) || !fullyKnown(plan.Name) {
		return
	}
	r.askCluster(ctx, &plan, prior, resp)
}

// askCluster asks what the cluster would say to the SLBIngress: of one that is new, whether the name is free; of a changed one, a dry
// run, with the listeners as they are.
func (r *slbIngressResource) askCluster(ctx context.Context, plan, prior *slbIngressModel, resp *resource.ModifyPlanResponse) {
	if prior == nil {
		live, err := r.run.client.Get(ctx, plan.ref())
		switch {
		case err == nil && live != nil && !r.mayAdopt(ctx, plan, live):
			addProblem(&resp.Diagnostics, "Planning", plan.ref(), slbExists(plan.ref(), live))
		case kube.NoKind(err):
			p := kube.Describe("Planning", plan.ref(), err)
			r.run.warnOnce(&resp.Diagnostics, "Planned without the guard: "+p.Summary, p.Detail+"\nThe apply needs it.")
		}
		return
	}
	if !fullyKnown(plan.Labels, plan.Listeners, plan.Namespaces, plan.Hosts, plan.Priorities, plan.Default, plan.LoadBalancerID, plan.Address, plan.ListenerIDs) {
		return
	}
	spec := plan.spec(ctx, prior.told(ctx, &resp.Diagnostics), &resp.Diagnostics)
	if object, err := plan.object(spec); err == nil && len(spec.Listeners) > 0 && !resp.Diagnostics.HasError() {
		dryRun(ctx, r.run, plan.ref(), object, kube.ApplyOptions{Manager: slbManager, Force: plan.ForceConflicts.ValueBool()}, &resp.Diagnostics)
	}
}

// foretell fills the computed attributes of a plan:
//
//	the SLBIngress       id     address, region  listener_ids                uid   generation
//	is new               known  unknown          unknown                     unknown
//	differs              kept   kept             kept, if the listeners are  kept  unknown
//	is the same          kept   kept             kept                        kept  kept
//	is not bound, or is  kept   kept             unknown                     kept  unknown: the apply binds it again
//	bound to other ones
func (m *slbIngressModel) foretell(prior *slbIngressModel, configured types.String, unbound bool) {
	m.ID = m.Name
	if !configured.IsUnknown() {
		m.Adopted = types.BoolValue(!configured.IsNull())
	}
	if m.Adopted.ValueBool() {
		m.PaymentType = types.StringNull()
	}
	m.settleTypes()
	if prior == nil {
		m.UID, m.Generation, m.Address, m.DNSName, m.Region = types.StringUnknown(), types.Int64Unknown(), types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		m.ListenerIDs = types.MapUnknown(types.StringType)
		if m.kind() == v1alpha1.CLB {
			m.DNSName = types.StringNull()
		}
		return
	}
	if configured.IsNull() {
		m.LoadBalancerID = prior.LoadBalancerID
	}
	m.UID, m.Generation, m.Address, m.DNSName, m.Region, m.ListenerIDs = prior.UID, prior.Generation, prior.Address, prior.DNSName, prior.Region, prior.ListenerIDs
	if prior.UID.IsNull() {
		m.UID = types.StringUnknown()
	}
	if unbound || !m.sameObject(prior) || prior.UID.IsNull() {
		m.Generation = types.Int64Unknown()
	}
	if unbound || !m.Listeners.Equal(prior.Listeners) {
		m.ListenerIDs = types.MapUnknown(types.StringType)
	}
}

// settleTypes makes null what the other type of load balancer has.
func (m *slbIngressModel) settleTypes() {
	null := func(all ...*types.String) {
		for _, s := range all {
			if s.IsUnknown() {
				*s = types.StringNull()
			}
		}
	}
	switch m.kind() {
	case v1alpha1.ALB:
		null(&m.VSwitchID, &m.LoadBalancerSpec, &m.InternetChargeType, &m.InstanceChargeType, &m.MasterZoneID, &m.SlaveZoneID)
		if m.Bandwidth.IsUnknown() {
			m.Bandwidth = types.Int64Null()
		}
	case v1alpha1.CLB:
		null(&m.LoadBalancerEdition, &m.AddressAllocatedMode)
	}
}

// replaces says whether a plan needs another load balancer, for what no attribute says by itself.
//
//	load_balancer_id      the load balancer  then
//	as before             is gone            anew
//	another               –                  anew: that one is adopted
//	left out now          was adopted        anew: one is made
//	that of one we made   is there           adopted: it stays when this is destroyed
//	as before             is there           as before
func (m *slbIngressModel) replaces(prior *slbIngressModel, configured types.String, gone bool) bool {
	switch {
	case gone:
		return true
	case configured.IsNull():
		return prior.Adopted.ValueBool()
	}
	return !configured.IsUnknown() && !configured.Equal(prior.LoadBalancerID)
}

// sameObject says whether both are one and the same SLBIngress to apply.
func (m *slbIngressModel) sameObject(o *slbIngressModel) bool {
	same := func(a, b attr.Value) bool { return a.Equal(b) }
	return same(m.Labels, o.Labels) && same(m.LoadBalancerID, o.LoadBalancerID) && same(m.Listeners, o.Listeners) && same(m.Namespaces, o.Namespaces) && same(m.Hosts, o.Hosts) &&
		same(m.Priorities, o.Priorities) && same(m.Default, o.Default) && same(m.Adopted, o.Adopted)
}

// addSLBProtected refuses to plan the end of a load balancer that is protected from it, before anything is taken away.
func addSLBProtected(prior *slbIngressModel, resp *resource.ModifyPlanResponse) {
	if prior != nil && !prior.Adopted.ValueBool() && prior.DeleteProtection.ValueString() == "on" {
		resp.Diagnostics.AddAttributeError(path.Root("delete_protection"), "The load balancer is protected",
			fmt.Sprintf("%s of %s would be deleted, and its delete_protection is on. Set it to \"off\" and apply, then destroy.", prior.LoadBalancerID.ValueString(), prior.ref()))
	}
}
