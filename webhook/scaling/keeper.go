package scaling

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// fieldOwner is the field manager of all that the keeper writes.
const fieldOwner = client.FieldOwner("knative-guard-scaling")

// conflictAgain is when to look again at what somebody else has just written, in case the watch is slow.
const conflictAgain = 100 * time.Millisecond

// tellAfter is how long after a floor was written its policy's status follows. At nine o'clock many windows begin: first all floors are
// written, for each target that is looked at again stands behind those that wait.
const tellAfter = 20 * time.Millisecond

// Keeper carries ScalingPolicies out.
type Keeper struct {
	Client client.Client
	// Live reads past the cache, which has not all PodAutoscalers and HPAs.
	Live    client.Reader
	Knative *Knative
	Owners  *Owners
	// Sources ask for floors in the name of policies.
	Sources []scaling.Source
	// Reservations are floors of single Revisions, by other parts of this program.
	Reservations *scaling.Reservations
	// Autoscale has the PodAutoscaler of a plain Deployment looked at again. It does not wait.
	Autoscale func(deployment types.NamespacedName)
	// InScope says whether this guard looks after a namespace.
	InScope func(ctx context.Context, namespace string) (bool, error)
	Now     func() time.Time
	Events  events.EventRecorder

	timetables timetables
}

// Reconcile brings one target to what holds at this moment. Everything follows from the policies, the sources and the clock, so that
// there is nothing to lose at a restart, or when another replica takes over:
//
//	policies of the target   the eldest                      the target                            the status says
//	none                     –                               is given back what it had itself      –
//	one                      can be carried out              gets its floor, until the next time   what holds, and why
//	                                                         at which that changes
//	one                      is suspended, or a dry run      is given back what it had itself      what holds, or would
//	one                      cannot be read                  is given back what it had itself      what is wrong with it
//	several                  as above                        as above                              of the others: who was first
//	any, in a namespace      –                               is left as it is                      as before
//	of another guard
func (k *Keeper) Reconcile(ctx context.Context, t Target) (ctrl.Result, error) {
	if in, err := k.InScope(ctx, t.Namespace); err != nil || !in {
		return ctrl.Result{}, err
	}
	policies, err := Policies(ctx, k.Client, t)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := k.Now()
	p := k.plan(policies, now)
	found, failed := k.carry(ctx, t, p)
	switch {
	case apierrors.IsConflict(failed): // what was read is old: the newer one is about to come by the watch
		return ctrl.Result{RequeueAfter: conflictAgain}, nil
	case failed != nil && !refused(failed):
		return ctrl.Result{}, failed // tried again; the status keeps what was true last
	case failed == nil && found.wrote:
		return ctrl.Result{RequeueAfter: tellAfter}, nil
	}
	if failed != nil {
		found.fail("Refused", "The API server refuses what the policy asks for: "+failed.Error())
		failed = reconcile.TerminalError(failed)
	}
	for i, policy := range policies {
		verdict := found
		if i > 0 {
			verdict = second(policies[0])
		}
		failed = errors.Join(failed, k.report(ctx, policy, p, verdict))
	}
	if failed != nil {
		return ctrl.Result{}, failed
	}
	if !p.again.IsZero() {
		found.lookAgain(max(p.again.Sub(now), time.Millisecond))
	}
	return ctrl.Result{RequeueAfter: found.again}, nil
}

func (k *Keeper) carry(ctx context.Context, t Target, p plan) (outcome, error) {
	if t.Kind == v1alpha1.TargetDeployment {
		return k.deployment(ctx, t, p)
	}
	return k.service(ctx, t, p)
}

// refused says that trying again would not change the answer.
func refused(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) && !apierrors.HasStatusCause(err, "NamespaceTerminating")
}
