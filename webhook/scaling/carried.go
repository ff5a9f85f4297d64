package scaling

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// observe looks whether the autoscaler knows what is reserved of some Revisions and written on them, until it does. Knative's own
// PodAutoscalers are not in the cache, for there is one for each Revision ever made: the few that matter are read.
func (k *Keeper) observe(ctx context.Context, reserved map[types.NamespacedName]int32, out *outcome) error {
	for revision, floor := range reserved {
		if !k.Reservations.Pending(revision) {
			continue
		}
		pa := &autoscalingv1alpha1.PodAutoscaler{} // one that is not there knows nothing
		if err := client.IgnoreNotFound(k.Live.Get(ctx, revision, pa)); err != nil {
			return err
		}
		out.lookAgain(k.Reservations.Observe(revision, scaling.Knows(pa, floor), k.Now()))
	}
	return nil
}
