// Package ingress carries out SLBIngresses: it is the controller of Knative's ingress class slb.ingress.networking.knative.dev.
package ingress

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// Keeper carries out SLBIngresses.
type Keeper struct {
	// Client reads from Cache, and writes.
	Client client.Client
	Cache  cache.Cache
	// Live reads past the cache what is read once.
	Live client.Reader
	// Deployers gives what changes the load balancer of an SLBIngress.
	Deployers func(*v1alpha1.SLBIngress) (slb.Deployer, error)
	// Reservations keep a Pod for each Revision of a split.
	Reservations *scaling.Reservations
	// Namespaces selects those whose KIngresses are served; nil is all.
	Namespaces labels.Selector
	// Namespace is the guard's own; Only is the one that it looks after, where it is one.
	Namespace, Only string
	// Secrets says that the guard may read those with certificates; without it, the listeners' own serve all hosts.
	Secrets bool
	// ProbeRules asks for a rule more for each path, as Knative's contract for probes has it.
	ProbeRules bool
	// Drift is how often a load balancer is looked at though nothing changed in the cluster: the cloud cannot be watched, and
	// somebody may have changed something there by hand.
	Drift time.Duration

	controller controller.Controller
	cluster    string // the UID of kube-system
	balancers  locks  // of one load balancer there is one writer

	telling sync.Mutex // of KIngresses there is one writer
	told    map[types.NamespacedName]told

	mu              sync.Mutex
	watching        bool
	watchingSecrets bool
	settled         bool
	memories        map[string]*memory // by SLBIngress
}

const (
	// pause is how long changes are gathered before they are carried out.
	pause = 200 * time.Millisecond
	// retryFirst and retryLast bound how soon a failure is tried again.
	retryFirst, retryLast = 500 * time.Millisecond, time.Minute
)

// Reconcile brings one load balancer to what is wanted of it:
//
//	the SLBIngress                 then
//	is another guard's             nothing
//	is gone                        what was kept for it is let go
//	is being deleted               what is ours on the load balancer is taken away; then the finalizer goes
//	has no finalizer yet           it gets it, before anything is made
//	has it                         what Knative asks for is deployed, and its status and the KIngresses' say how far that is
//
// An error leaves everything as it is, says so in the status and is tried again, ever later.
func (k *Keeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	binding := &v1alpha1.SLBIngress{}
	err := k.Client.Get(ctx, req.NamespacedName, binding)
	if apierrors.IsNotFound(err) {
		return ctrl.Result{}, firstOf(k.forget(ctx, req.Name), k.settleWithout(ctx))
	}
	if err != nil || !k.mine(binding) {
		return ctrl.Result{}, err
	}
	if err := k.prepare(ctx); err != nil {
		return ctrl.Result{}, err
	}
	unlock := k.balancers.lock(binding.Spec.LoadBalancerID)
	defer unlock()
	k.recall(binding)
	switch {
	case binding.DeletionTimestamp != nil:
		return k.remove(ctx, binding)
	case !controllerutil.ContainsFinalizer(binding, v1alpha1.SLBFinalizer):
		before := binding.DeepCopy()
		controllerutil.AddFinalizer(binding, v1alpha1.SLBFinalizer)
		if err := k.Client.Patch(ctx, binding, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
	}
	return k.deploy(ctx, binding)
}

// deploy makes what is wanted, and tells how far that is.
func (k *Keeper) deploy(ctx context.Context, binding *v1alpha1.SLBIngress) (ctrl.Result, error) {
	facts, err := k.gather(ctx, binding)
	if err != nil {
		return ctrl.Result{}, err
	}
	plan := wanted.Make(facts)
	k.reserve(binding.Name, plan.Floors)
	k.settle(facts.Bindings)
	local, unresolved := k.localAddress(ctx, binding) // which is no reason to leave the rest as it is
	result, failed := k.carryOut(ctx, binding, plan.Wanted)
	k.record(binding, plan, local, result, failed)
	if err := k.tell(ctx, facts); err != nil {
		return ctrl.Result{}, err
	}
	status := bindingStatus(binding, plan, result, failed)
	if err := firstOf(k.writeStatus(ctx, binding, status), failed, unresolved); err != nil {
		return ctrl.Result{}, err
	}
	if result.Again > 0 {
		return ctrl.Result{RequeueAfter: result.Again}, nil
	}
	return ctrl.Result{RequeueAfter: k.Drift}, nil
}

func (k *Keeper) carryOut(ctx context.Context, binding *v1alpha1.SLBIngress, w slb.Wanted) (slb.Result, error) {
	deployer, err := k.Deployers(binding)
	if err != nil {
		return slb.Result{}, err
	}
	return deployer.Deploy(ctx, w)
}

// remove takes away what is ours. KIngresses go to others that serve them, which look at them when this one is gone.
func (k *Keeper) remove(ctx context.Context, binding *v1alpha1.SLBIngress) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(binding, v1alpha1.SLBFinalizer) {
		return ctrl.Result{}, nil
	}
	deployer, err := k.Deployers(binding)
	again := time.Duration(0)
	if err == nil {
		again, err = deployer.Remove(ctx, wanted.Empty(binding, k.cluster, k.Secrets))
	}
	if err != nil || again > 0 {
		status := removalStatus(binding, err)
		if err := firstOf(k.writeStatus(ctx, binding, status), err); err != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{RequeueAfter: again}, nil
	}
	if err := k.forget(ctx, binding.Name); err != nil {
		return ctrl.Result{}, err
	}
	before := binding.DeepCopy()
	controllerutil.RemoveFinalizer(binding, v1alpha1.SLBFinalizer)
	return ctrl.Result{}, client.IgnoreNotFound(k.Client.Patch(ctx, binding, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
