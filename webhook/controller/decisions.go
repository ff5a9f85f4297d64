package controller

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
)

const (
	decisionsKept    = 10  // as the schema has it
	decisionsWaiting = 256 // more than that at once are a flood, of which the audit log has the rest
	decisionsPause   = time.Second
)

// Decisions takes down what broke a rule: as an Event, and in its policy's status. Every replica does, for what it was asked. It
// works after the answer was given, so that no answer waits for it.
type Decisions struct {
	Client client.Client
	// Live reads past the cache, for a status that another replica has just written.
	Live   client.Reader
	Events events.EventRecorder

	queue chan admission.Entry
}

// NewDecisions makes an empty list.
func NewDecisions(c client.Client, live client.Reader, recorder events.EventRecorder) *Decisions {
	return &Decisions{c, live, recorder, make(chan admission.Entry, decisionsWaiting)}
}

// Add takes one down, or drops it where there are too many.
func (d *Decisions) Add(e admission.Entry) {
	select {
	case d.queue <- e:
	default:
	}
}

// NeedLeaderElection says that each replica runs this.
func (d *Decisions) NeedLeaderElection() bool { return false }

// Start writes until the context ends: all of a second at once.
func (d *Decisions) Start(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-d.queue:
			d.flush(ctx, e)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(decisionsPause):
		}
	}
}

// flush writes the first and everything else that waits, each policy once.
func (d *Decisions) flush(ctx context.Context, first admission.Entry) {
	byPolicy := map[types.NamespacedName][]v1alpha1.PolicyDecision{}
	for e, more := first, true; more; {
		if e.Policy != "" { // a rule that is always on has no policy to write on
			key := types.NamespacedName{Namespace: e.Namespace, Name: e.Policy}
			byPolicy[key] = slices.Insert(byPolicy[key], 0, e.Decision)
		}
		select {
		case e = <-d.queue:
		default:
			more = false
		}
	}
	for key, decisions := range byPolicy {
		if err := client.IgnoreNotFound(d.write(ctx, key, decisions)); err != nil {
			log.FromContext(ctx).Error(err, "writing decisions", "policy", key)
		}
	}
}

func (d *Decisions) write(ctx context.Context, key types.NamespacedName, decisions []v1alpha1.PolicyDecision) error {
	var policy v1alpha1.RolloutPolicy
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := d.Live.Get(ctx, key, &policy); err != nil {
			return err
		}
		before := policy.DeepCopy()
		all := slices.Concat(decisions, policy.Status.LastDecisions)
		policy.Status.LastDecisions = all[:min(len(all), decisionsKept)]
		return d.Client.Status().Patch(ctx, &policy, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	})
	if err != nil {
		return err
	}
	for _, decision := range decisions {
		d.Events.Eventf(&policy, nil, corev1.EventTypeWarning, decision.Verdict, "Admit", "%s by %s: %s", decision.Object, decision.User, decision.Message)
	}
	return nil
}
