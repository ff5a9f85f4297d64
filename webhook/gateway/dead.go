package gateway

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// deadAfter is for how long a replica has not been heard of whose count is cleared away. It counts for nothing long before that.
const deadAfter = 10 * scaling.GatewayFresh

// clear takes the counts of dead replicas out of a policy's status: they were killed with events in flight, and each had a name that
// never comes back.
func (k *keeper) clear(ctx context.Context, p *v1alpha1.ScalingPolicy, now time.Time) (ctrl.Result, error) {
	names, again := deadReplicas(p.Status.Gateways, now)
	for _, name := range names {
		if err := countWriter(k.client, name)(ctx, client.ObjectKeyFromObject(p), count{}); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
	}
	return ctrl.Result{RequeueAfter: again}, nil
}

// deadReplicas are those that are, and when the next may be; 0 where none is left.
func deadReplicas(gateways []v1alpha1.GatewayStatus, now time.Time) (names []string, again time.Duration) {
	for _, g := range gateways {
		left := g.Renewed.Add(deadAfter).Sub(now)
		switch {
		case left <= 0:
			names = append(names, g.Name)
		case again == 0 || left < again:
			again = left
		}
	}
	return names, again
}
