package controller

import (
	"context"
	"fmt"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

// AutoscalerKeeper keeps one PodAutoscaler for each plain Deployment whose Pods have a queue-proxy, so that Knative's autoscaler
// scales it.
type AutoscalerKeeper struct {
	Client client.Client
	// Live reads past the cache, which has only the guard's own PodAutoscalers.
	Live client.Reader
	// Injector is that of the cluster's configuration.
	Injector func(context.Context) (*sidecar.Injector, error)
	// Policy is what a ScalingPolicy of a Deployment makes of the annotations for its autoscaler; nil where there are no policies.
	Policy func(ctx context.Context, deployment types.NamespacedName, annotations map[string]string) (map[string]string, error)
	Events events.EventRecorder
	Scope  Scope

	again atomic.Pointer[func(types.NamespacedName)]
}

// Again has a Deployment looked at again. It does not wait; before the keeper runs there is nothing to do: it begins with all.
func (k *AutoscalerKeeper) Again(deployment types.NamespacedName) {
	if add := k.again.Load(); add != nil {
		(*add)(deployment)
	}
}

// Reconcile holds the PodAutoscalers that a Deployment owns to this:
//
//	the Deployment's template          its Pods                       its PodAutoscaler
//	asks, and can have a queue-proxy   all of them have it            is made, or brought up to date
//	asks, and can have a queue-proxy   some have none yet, or none    is brought up to date, but not made: it would scale
//	                                   is there                       by those that have, or start what was stopped
//	has another name for it            any                            of the old name is deleted
//	does not ask, or cannot have one   any                            is deleted
//
// One that the Deployment does not own is never touched. Those of a Deployment that is gone are garbage, and collected.
func (k *AutoscalerKeeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	d := &appsv1.Deployment{}
	if err := k.Client.Get(ctx, req.NamespacedName, d); err != nil || d.DeletionTimestamp != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	wanted, err := k.wanted(ctx, d)
	if err != nil {
		return ctrl.Result{}, err
	}
	current, err := k.sweep(ctx, d, wanted)
	switch {
	case err != nil, wanted == nil:
		return ctrl.Result{}, err
	case current != nil:
		return ctrl.Result{}, k.refused(d, k.update(ctx, current, wanted))
	}
	if all, err := k.allInjected(ctx, d, wanted.Name); err != nil || !all {
		return ctrl.Result{}, err
	}
	err = k.Client.Create(ctx, wanted)
	if apierrors.IsAlreadyExists(err) {
		return k.taken(ctx, d, wanted)
	}
	return ctrl.Result{}, k.refused(d, err)
}

// wanted is the PodAutoscaler of a Deployment whose Pods get a queue-proxy; nil where they get none. The webhook tells why.
func (k *AutoscalerKeeper) wanted(ctx context.Context, d *appsv1.Deployment) (*autoscalingv1alpha1.PodAutoscaler, error) {
	ns := &corev1.Namespace{}
	if err := k.Client.Get(ctx, client.ObjectKey{Name: d.Namespace}, ns); err != nil {
		return nil, err
	}
	pod := &corev1.Pod{ObjectMeta: *d.Spec.Template.ObjectMeta.DeepCopy(), Spec: d.Spec.Template.Spec}
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	if sidecar.CheckAsked(ns, pod) != nil {
		return nil, nil //nolint:nilnil // none is wanted
	}
	injector, err := k.Injector(ctx)
	if err != nil {
		return nil, err
	}
	injected, refusal := injector.Inject(ns, pod)
	switch {
	case refusal == nil:
		return podAutoscaler(ctx, d, injected, k.Policy)
	case refusal.Reason == sidecar.KnativeFailed: // not the Deployment's doing: what it has, it keeps
		return nil, fmt.Errorf("the queue-proxy of %s/%s: %s", d.Namespace, d.Name, refusal)
	}
	return nil, nil //nolint:nilnil // none is wanted
}

// sweep deletes what the Deployment owns and does not want, and gives what it has of what it wants.
func (k *AutoscalerKeeper) sweep(ctx context.Context, d *appsv1.Deployment, wanted *autoscalingv1alpha1.PodAutoscaler) (*autoscalingv1alpha1.PodAutoscaler, error) {
	var list autoscalingv1alpha1.PodAutoscalerList
	if err := k.Client.List(ctx, &list, client.InNamespace(d.Namespace)); err != nil {
		return nil, err
	}
	var current *autoscalingv1alpha1.PodAutoscaler
	for i := range list.Items {
		own := &list.Items[i]
		switch {
		case !metav1.IsControlledBy(own, d):
		case wanted != nil && own.Name == wanted.Name:
			current = own
		case own.DeletionTimestamp == nil:
			if err := client.IgnoreNotFound(k.Client.Delete(ctx, own, client.Preconditions{UID: &own.UID})); err != nil {
				return nil, err
			}
			k.Events.Eventf(d, own, corev1.EventTypeNormal, "AutoscalerDeleted", "Autoscale", "Deleted PodAutoscaler %s: the Pods ask for no such one any more", own.Name)
		}
	}
	return current, nil
}

// update writes what differs.
func (k *AutoscalerKeeper) update(ctx context.Context, current, wanted *autoscalingv1alpha1.PodAutoscaler) error {
	if current.DeletionTimestamp != nil {
		return nil // it is made anew when it is gone
	}
	next := merge(current, wanted)
	if equality.Semantic.DeepEqual(current, next) {
		return nil
	}
	return k.Client.Update(ctx, next)
}

// allInjected says that the Deployment has Pods, and that all of them carry the PodAutoscaler's name.
func (k *AutoscalerKeeper) allInjected(ctx context.Context, d *appsv1.Deployment, name string) (bool, error) {
	if d.Status.ObservedGeneration < d.Generation || d.Status.Replicas == 0 {
		return false, nil
	}
	var pods corev1.PodList
	if err := k.Client.List(ctx, &pods, client.InNamespace(d.Namespace), client.MatchingLabels{serving.RevisionLabelKey: name}, client.UnsafeDisableDeepCopy); err != nil {
		return false, err
	}
	injected := int32(0)
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded {
			injected++
		}
	}
	return injected >= d.Status.Replicas, nil
}

// Register makes the manager call Reconcile.
func (k *AutoscalerKeeper) Register(m ctrl.Manager) error {
	deploymentsIn := func(namespace func(client.Object) string) handler.EventHandler {
		return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			return all(ctx, k.Client, &appsv1.DeploymentList{}, namespace(o))
		})
	}
	return ctrl.NewControllerManagedBy(m).Named("autoscaler").For(&appsv1.Deployment{}).
		Owns(&autoscalingv1alpha1.PodAutoscaler{}).
		WatchesRawSource(source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			add := func(name types.NamespacedName) { q.Add(reconcile.Request{NamespacedName: name}) }
			k.again.Store(&add)
			return nil
		})).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
			return []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: o.GetNamespace(), Name: sidecar.Workload(o.(*corev1.Pod))}}}
		})).
		Watches(&corev1.Namespace{}, deploymentsIn(client.Object.GetName), builder.WithPredicates(predicate.Or(predicate.LabelChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&corev1.ConfigMap{}, deploymentsIn(func(client.Object) string { return metav1.NamespaceAll })).
		Complete(k.Scope.Of(k))
}
