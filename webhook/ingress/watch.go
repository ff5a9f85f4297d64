package ingress

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// atOnce is how many load balancers are worked on at a time: each is mostly waited for.
const atOnce = 8

// Register makes the manager call Reconcile.
func (k *Keeper) Register(m ctrl.Manager) error {
	k.Reservations.Await()
	if err := m.Add(manager.RunnableFunc(k.settleWithout)); err != nil {
		return err
	}
	changed := builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))
	var err error
	k.controller, err = ctrl.NewControllerManagedBy(m).Named("slb").
		For(&v1alpha1.SLBIngress{}, changed).
		Watches(&v1alpha1.SLBIngress{}, later(k.all), changed). // they share the hosts out among them
		WatchesRawSource(source.Func(k.carried)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: atOnce,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast),
		}).Build(k)
	return err
}

// sources are what is watched once there is an SLBIngress.
func (k *Keeper) sources() []source.Source {
	ofKnative := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	out := []source.Source{
		source.Kind[client.Object](k.Cache, &netv1alpha1.Ingress{}, later(k.all), ofKnative),
		source.Kind[client.Object](k.Cache, &corev1.Service{}, later(func(ctx context.Context, o client.Object) []reconcile.Request {
			return k.using(ctx, client.ObjectKeyFromObject(o))
		})),
		source.Kind[client.Object](k.Cache, &discoveryv1.EndpointSlice{}, later(func(ctx context.Context, o client.Object) []reconcile.Request {
			return k.using(ctx, types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetLabels()[discoveryv1.LabelServiceName]})
		})),
	}
	if k.Namespaces != nil && !k.Namespaces.Empty() {
		out = append(out, source.Kind[client.Object](k.Cache, &corev1.Namespace{}, later(k.all), predicate.LabelChangedPredicate{}))
	}
	return out
}

// all are the SLBIngresses that this guard carries out.
func (k *Keeper) all(ctx context.Context, _ client.Object) []reconcile.Request {
	bindings, err := k.bindings(ctx)
	if err != nil {
		return nil // from a cache that is not there yet: what is in it is asked for when it comes
	}
	var out []reconcile.Request
	for _, b := range bindings {
		out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Name: b.Name}})
	}
	return out
}

// carried asks for the SLBIngresses that have waited for a Revision's Pod to be kept.
func (k *Keeper) carried(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	k.Reservations.NotifyCarried(func(revision types.NamespacedName) {
		k.mu.Lock()
		defer k.mu.Unlock()
		for binding, s := range k.memories {
			if slices.Contains(s.reserved, revision) {
				q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: binding}})
			}
		}
	})
	return nil
}

// using are those that forward to a Service, and so to its endpoints.
func (k *Keeper) using(_ context.Context, service types.NamespacedName) []reconcile.Request {
	return k.with(func(m *memory) bool { return m.services[service] })
}

// with are those whose memory is so.
func (k *Keeper) with(so func(*memory) bool) []reconcile.Request {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []reconcile.Request
	for binding, m := range k.memories {
		if so(m) {
			out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Name: binding}})
		}
	}
	return out
}

// later asks for what an event is about after a pause, in which many events come to one.
func later(of func(context.Context, client.Object) []reconcile.Request) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	ask := func(ctx context.Context, o client.Object, q queue) {
		for _, r := range of(ctx, o) {
			q.AddAfter(r, pause)
		}
	}
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue) { ask(ctx, e.Object, q) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue) { ask(ctx, e.ObjectNew, q) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { ask(ctx, e.Object, q) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { ask(ctx, e.Object, q) },
	}
}
