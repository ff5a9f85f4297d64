// Package scaling carries ScalingPolicies out: it writes the floor that holds now on what a policy scales, and gives back what the
// target had itself when floors end.
package scaling

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// Target is what a policy scales. The keeper works by targets, not by policies: one whose policy is gone is still looked at, and
// given back.
type Target struct {
	types.NamespacedName

	Kind v1alpha1.TargetKind
}

// String is as in a policy's status.
func (t Target) String() string { return string(t.Kind) + "/" + t.Name }

// TargetOf is what a policy scales.
func TargetOf(p *v1alpha1.ScalingPolicy) Target {
	return Target{types.NamespacedName{Namespace: p.Namespace, Name: p.Spec.Target.Name}, p.Spec.Target.Kind}
}

// Policies are those of a target, from a cache that facts.Prepare has prepared: the first one is carried out, the eldest. They are
// shared with the cache.
func Policies(ctx context.Context, c client.Reader, t Target) ([]*v1alpha1.ScalingPolicy, error) {
	var list v1alpha1.ScalingPolicyList
	if err := c.List(ctx, &list, client.InNamespace(t.Namespace), facts.OfTarget(string(t.Kind), t.Name), client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var out []*v1alpha1.ScalingPolicy
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			out = append(out, &list.Items[i])
		}
	}
	slices.SortFunc(out, func(a, b *v1alpha1.ScalingPolicy) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, nil
}
