package scaling

import (
	"context"
	"time"

	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// carriedAgain is how soon it is looked again whether the autoscaler knows a floor that was just written. Knative's own PodAutoscalers
// are not watched, for there is one for each Revision; the few that matter are read until they are as they should be, for a second.
const carriedAgain = 200 * time.Millisecond

// carried tells when what is reserved of a Revision, which is written on it, is carried out. It gives when to look again until then.
func (k *Keeper) carried(ctx context.Context, r *servingv1.Revision, reserved []scaling.Floor) (time.Duration, error) {
	key := client.ObjectKeyFromObject(r)
	if len(reserved) == 0 || k.Reservations.Carried(key) {
		return 0, nil
	}
	floor := int32(0)
	for _, f := range reserved {
		floor = max(floor, f.Replicas)
	}
	pa := &autoscalingv1alpha1.PodAutoscaler{}
	switch err := client.IgnoreNotFound(k.Live.Get(ctx, key, pa)); {
	case err != nil:
		return 0, err
	case !scaling.Knows(pa, floor): // as one that is not there yet
		return carriedAgain, nil
	}
	return k.Reservations.Carry(key, k.Now()), nil
}
