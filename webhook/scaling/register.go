package scaling

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// workers are how many targets are brought up to date at once: many windows begin at nine o'clock.
const workers = 16

// longestWait is between two tries: an API server that was away over the edge of a window finds the floor written soon after.
const longestWait = 10 * time.Second

type queue = workqueue.TypedRateLimitingInterface[Target]

// Register makes the manager call Reconcile: for a target when it, its policies or what scales it change, when a source or a
// reservation does, and when the clock is set.
func (k *Keeper) Register(m ctrl.Manager) error {
	b := builder.TypedControllerManagedBy[Target](m).Named("scaling").
		WithOptions(controller.TypedOptions[Target]{MaxConcurrentReconciles: workers, RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[Target](5*time.Millisecond, longestWait)}).
		Watches(&v1alpha1.ScalingPolicy{}, k.policyEvents()).
		WatchesRawSource(source.TypedFunc[Target](k.others)).
		WatchesRawSource(source.TypedFunc[Target](k.clock))
	for kind, of := range map[client.Object]func(client.Object) Target{
		&servingv1.Service{}: func(o client.Object) Target { return target(o, v1alpha1.TargetService, o.GetName()) },
		&servingv1.Revision{}: func(o client.Object) Target {
			return target(o, v1alpha1.TargetService, o.GetLabels()[serving.ServiceLabelKey])
		},
		&appsv1.Deployment{}: func(o client.Object) Target { return target(o, v1alpha1.TargetDeployment, o.GetName()) },
		&autoscalingv1alpha1.PodAutoscaler{}: func(o client.Object) Target {
			return target(o, v1alpha1.TargetDeployment, o.(*autoscalingv1alpha1.PodAutoscaler).Spec.ScaleTargetRef.Name)
		},
		&autoscalingv2.HorizontalPodAutoscaler{}: func(o client.Object) Target {
			return target(o, v1alpha1.TargetDeployment, o.(*autoscalingv2.HorizontalPodAutoscaler).Spec.ScaleTargetRef.Name)
		},
	} {
		b = b.Watches(kind, handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []Target {
			if t := of(o); k.concerns(ctx, t, o) {
				return []Target{t}
			}
			return nil
		}))
	}
	return b.Watches(&corev1.ConfigMap{}, handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []Target {
		if o.GetName() != autoscalerconfig.ConfigName {
			return nil
		}
		return k.all(ctx, metav1.NamespaceAll)
	})).Watches(&corev1.Namespace{}, handler.TypedEnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []Target {
		return k.all(ctx, o.GetName()) // it may have come into the scope
	}), builder.WithPredicates(predicate.LabelChangedPredicate{})).Complete(k)
}

func target(o client.Object, kind v1alpha1.TargetKind, name string) Target {
	return Target{types.NamespacedName{Namespace: o.GetNamespace(), Name: name}, kind}
}

// concerns says that a change of an object may matter to a target: one that has a policy, or that carries what is to be given back, or
// a reservation.
func (k *Keeper) concerns(ctx context.Context, t Target, o client.Object) bool {
	if _, held := o.GetAnnotations()[scaling.Annotation]; held {
		return true
	}
	if _, ok := o.(*servingv1.Revision); ok && len(k.reserved(o)) > 0 {
		return true
	}
	policies, err := Policies(ctx, k.Client, t)
	return err != nil || len(policies) > 0
}

// policyEvents ask for the targets of policies, and forget what was compiled for those that are gone.
func (k *Keeper) policyEvents() handler.TypedEventHandler[client.Object, Target] {
	add := func(q queue, o client.Object) { q.Add(TargetOf(o.(*v1alpha1.ScalingPolicy))) }
	return handler.TypedFuncs[client.Object, Target]{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(q, e.Object) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(q, e.ObjectNew) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			k.timetables.forget(e.Object.GetUID())
			add(q, e.Object)
		},
	}
}

// all are the targets of all policies of a namespace.
func (k *Keeper) all(ctx context.Context, namespace string) []Target {
	var list v1alpha1.ScalingPolicyList
	if err := k.Client.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil // from a cache that is not there yet: what is in it is asked for when it comes
	}
	out := make([]Target, len(list.Items))
	for i := range list.Items {
		out[i] = TargetOf(&list.Items[i])
	}
	return out
}

// others listens to sources and reservations.
func (k *Keeper) others(ctx context.Context, q queue) error {
	for _, s := range k.Sources {
		s.Notify(func(name types.NamespacedName) {
			p := &v1alpha1.ScalingPolicy{}
			if err := k.Client.Get(ctx, name, p); err == nil {
				q.Add(TargetOf(p))
			}
		})
	}
	if k.Reservations != nil {
		k.Reservations.Notify(func(name types.NamespacedName) {
			r := &servingv1.Revision{}
			if err := k.Client.Get(ctx, name, r); err == nil {
				q.Add(target(r, v1alpha1.TargetService, r.Labels[serving.ServiceLabelKey]))
			}
		})
	}
	return nil
}
