package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ktypes "k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// destroy takes the binding away and waits until the guard has let go, and then what Terraform made.
func (r *slbIngressResource) destroy(ctx context.Context, m *slbIngressModel, limit time.Duration, diags *diag.Diagnostics) {
	maker, err := r.maker(ctx, m)
	if err != nil {
		addClusterGone(diags, m, err)
		return
	}
	id := m.LoadBalancerID.ValueString()
	if id != "" {
		b, err := maker.Get(ctx, id)
		if err == nil && maker.Protected(b) {
			err = protected(id)
		}
		if err != nil {
			addSLBProblem(diags, "Deleting", m, err)
			return
		}
	}
	if !r.unbind(ctx, m, limit, diags) || id == "" {
		return
	}
	if err := maker.Remove(ctx, id); err != nil {
		addSLBProblem(diags, "Deleting", m, err)
	}
}

// unbind deletes the SLBIngress, and waits until it is gone: the guard takes its finalizer off when its rules and groups are.
func (r *slbIngressResource) unbind(ctx context.Context, m *slbIngressModel, limit time.Duration, diags *diag.Diagnostics) bool {
	u, err := r.run.client.Get(ctx, m.ref())
	if kube.NoKind(err) || err == nil && (u == nil || !r.ours(m, u)) {
		return true // a CRD takes its objects along
	}
	if err == nil {
		err = r.run.client.Delete(ctx, m.ref(), u.GetUID())
	}
	if err == nil {
		err = r.run.client.WaitGone(ctx, m.ref(), progress(ctx, m.ref()))
	}
	if err == nil {
		return true
	}
	switch {
	case ctx.Err() != nil:
		addGuardLate(ctx, r.run.client, diags, m, limit, err)
	case kube.Unreachable(err):
		addClusterGone(diags, m, err)
	default:
		addProblem(diags, "Deleting", m.ref(), err)
	}
	return false
}

// ours says whether an SLBIngress is the one of the state. A state without its UID comes from a create that ended before it.
func (r *slbIngressResource) ours(m *slbIngressModel, u *unstructured.Unstructured) bool {
	if uid := m.UID.ValueString(); uid != "" {
		return u.GetUID() == ktypes.UID(uid)
	}
	spec, err := specIn(u)
	return err == nil && kube.Applied(u, slbManager) && spec.LoadBalancerID == m.LoadBalancerID.ValueString()
}
