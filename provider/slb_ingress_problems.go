package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// addSLBProblem tells what went wrong with a load balancer, or in the cluster.
func addSLBProblem(diags *diag.Diagnostics, verb string, m *slbIngressModel, err error) {
	if p, ok := errors.AsType[*kube.Problem](err); ok {
		diags.AddError(p.Summary, p.Detail)
		return
	}
	detail := fmt.Sprintf("%s %s: %v", verb, m.ref(), err)
	if !strings.HasSuffix(detail, ".") {
		detail += "."
	}
	if ended, ok := errors.AsType[*balancer.WaitError](err); errors.Is(err, context.Canceled) || ok && !ended.Late {
		diags.AddError("Interrupted", detail+" What was asked for stays so: apply again to go on.")
		return
	}
	summary := "The load balancer is not as it should be"
	switch cloud.KindOf(err) {
	case cloud.Credentials:
		summary = "Alibaba Cloud does not accept the credentials"
	case cloud.Forbidden:
		summary = "A right is missing in Alibaba Cloud"
	case cloud.Quota:
		summary = "A quota of Alibaba Cloud is used up"
	case cloud.Throttled:
		summary = "Alibaba Cloud is called too often"
	case cloud.Unavailable, cloud.Lost:
		summary = "Alibaba Cloud does not answer"
		detail += " Apply again: what was made is found by its tag, and nothing is made twice."
	default:
		if _, late := errors.AsType[*balancer.WaitError](err); late {
			summary = "The load balancer was not ready in time"
			detail += " Alibaba Cloud goes on with it: apply again to wait again, or raise timeouts."
		}
	}
	diags.AddError(summary, detail)
}

// addGuardLate tells that the guard has not let go, and how to go on with a guard that is no more.
func addGuardLate(ctx context.Context, c *kube.Client, diags *diag.Diagnostics, m *slbIngressModel, limit time.Duration, err error) {
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainTime)
	defer cancel()
	u, gone := c.Get(ctx, m.ref())
	if !late || gone != nil || u == nil {
		addProblem(diags, "Deleting", m.ref(), err)
		return
	}
	why := ""
	if text := readyMessage(u); text != "" {
		why = " It says: " + text
	}
	diags.AddError("The guard has not let go of the load balancer", fmt.Sprintf("%s is being deleted, and after %s its finalizer %s is still there: the guard takes it off when its rules and server groups on %s are gone.%s\n\n"+
		"Look whether the guard runs, and what it logs. If it needs longer, destroy again, or raise timeouts.delete. If there is no guard any more, take its rules and server groups away by hand (those on %s with its tags), then the finalizer:\n"+
		"  kubectl patch slbingress %s --type=merge -p '{\"metadata\":{\"finalizers\":null}}'\nand destroy again.",
		m.ref(), limit, v1alpha1.SLBFinalizer, m.LoadBalancerID.ValueString(), why, m.LoadBalancerID.ValueString(), m.Name.ValueString()))
}

// readyMessage is what the guard says of an SLBIngress that is not Ready.
func readyMessage(u *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Ready" && c["status"] != "True" {
			text, _ := c["message"].(string)
			return text
		}
	}
	return ""
}

// addClusterGone tells what is left where there is no cluster to take the binding from.
func addClusterGone(diags *diag.Diagnostics, m *slbIngressModel, err error) {
	if p, ok := errors.AsType[*kube.Problem](err); ok && p.Summary != "Cluster unreachable" {
		diags.AddError(p.Summary, p.Detail)
		return
	}
	rest := "delete the load balancer in the console, with its listeners"
	if m.Adopted.ValueBool() {
		rest = "delete the listeners in the console that are in listener_ids of the state"
	}
	diags.AddError("Cluster unreachable", fmt.Sprintf("Deleting %s: %v.\n\nNothing was taken away: the guard in the cluster has to clean up its rules and server groups on %s first. If the cluster comes back, destroy again. "+
		"If it is gone for good, %s, and the server groups with the tag %s of %s; then forget this resource: terraform state rm ADDRESS.", m.ref(), err, m.LoadBalancerID.ValueString(), rest, balancer.OwnerTag, m.Name.ValueString()))
}

func protected(id string) error {
	return &kube.Problem{Summary: "The load balancer is protected", Detail: fmt.Sprintf("%s would be deleted, and its deletion protection is on. Set delete_protection = \"off\" and apply, then destroy. Nothing was taken away.", id)}
}

func slbExists(ref kube.Ref, u *unstructured.Unstructured) error {
	bound, _, _ := unstructured.NestedString(u.Object, "spec", "loadBalancerID")
	return &kube.Problem{
		Summary: "The SLBIngress exists already",
		Detail:  fmt.Sprintf("%s is in the cluster, binds %s, and is not in this state, or not as it is written here. Import it to manage it here (terraform import ADDRESS %s), or choose another name.", ref, bound, ref.Name),
	}
}
