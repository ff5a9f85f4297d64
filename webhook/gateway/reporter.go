package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// reporter says what this replica has in flight of one policy. It sleeps while there is nothing to say.
type reporter struct {
	policy types.NamespacedName
	count  func() count
	write  func(ctx context.Context, policy types.NamespacedName, c count) error
	wake   chan struct{}
}

// changed has the reporter look again. It does not wait.
func (r *reporter) changed() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run writes until the context ends, and then takes the replica's entry away.
func (r *reporter) run(ctx context.Context) {
	var last said
	var since time.Time
	failures := 0
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c, now := r.count(), time.Now()
		if c.same(last.count) {
			since = time.Time{}
		} else if since.IsZero() {
			since = now
		}
		at, ever := due(c, last, since)
		if failures > 0 {
			at = at.Add(min(heartbeat, 50*time.Millisecond<<failures))
		}
		switch {
		case !ever:
			timer.Reset(time.Hour)
		case now.Before(at):
			timer.Reset(at.Sub(now))
		default:
			err := r.write(ctx, r.policy, c)
			if err == nil || client.IgnoreNotFound(err) == nil {
				last, since, failures = said{count: c, at: now}, time.Time{}, 0
				continue
			}
			if ctx.Err() == nil {
				ctrl.Log.WithName("gateway").Error(err, "cannot say how many events are in flight, and so cannot scale", "policy", r.policy, "inFlight", c.all)
			}
			failures, since, last.at = min(failures+1, 6), now, now
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-ctx.Done():
			if last.all > 0 {
				r.retract(ctx)
			}
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// retract takes the entry away: what is not in flight any more is not to be counted for another 15 s.
func (r *reporter) retract(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := client.IgnoreNotFound(r.write(ctx, r.policy, count{})); err != nil {
		ctrl.Log.WithName("gateway").Error(err, "cannot say that no event is in flight", "policy", r.policy)
	}
}

// countWriter writes this replica's entry into a policy's status, as a field manager of its own; a count of 0 is no entry.
func countWriter(to client.Client, replica string) func(context.Context, types.NamespacedName, count) error {
	return func(ctx context.Context, policy types.NamespacedName, c count) error {
		gateways := []any{}
		if c.all > 0 {
			revisions := []any{}
			for _, name := range slices.Sorted(maps.Keys(c.of)) {
				revisions = append(revisions, map[string]any{"name": name, "inFlight": int64(c.of[name])})
			}
			gateways = append(gateways, map[string]any{
				"name": replica, "inFlight": int64(c.all), "revisions": revisions, "renewed": metav1.NowMicro().UTC().Format(metav1.RFC3339Micro),
			})
		}
		o := policyObject(policy)
		o.Object["status"] = map[string]any{"gateways": gateways}
		return to.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("knative-guard-gateway-"+replica), client.ForceOwnership)
	}
}

func policyObject(key types.NamespacedName) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "ScalingPolicy", "metadata": map[string]any{"namespace": key.Namespace, "name": key.Name},
	}}
}
