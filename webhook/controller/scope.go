package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Scope is the namespaces that this guard looks after. The API server asks it about no others, so controllers leave them alone as
// well: another guard may look after them.
type Scope struct {
	// Cache has namespaces.
	Cache client.Reader
	// Selector selects them by their labels; nil selects all.
	Selector labels.Selector
}

// Of reconciles what is in a namespace of the scope, and nothing else:
//
//	the namespace          then
//	is selected            it is reconciled
//	is not selected        nothing
//	is not known yet       nothing: the watch of namespaces asks again when it is
func (s Scope) Of(r reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
		in, err := s.Holds(ctx, req.Namespace)
		if err != nil || !in {
			return ctrl.Result{}, err
		}
		return r.Reconcile(ctx, req)
	})
}

// Holds says that a namespace is in the scope.
func (s Scope) Holds(ctx context.Context, namespace string) (bool, error) {
	if s.Selector == nil || s.Selector.Empty() {
		return true, nil
	}
	var ns corev1.Namespace
	if err := s.Cache.Get(ctx, client.ObjectKey{Name: namespace}, &ns); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return s.Selector.Matches(labels.Set(ns.Labels)), nil
}

// Watch has a controller look at everything of a kind in a namespace that comes into the scope.
func (s Scope) Watch(b *builder.Builder, kind func() client.ObjectList) *builder.Builder {
	if s.Selector == nil || s.Selector.Empty() {
		return b
	}
	return b.Watches(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		if !s.Selector.Matches(labels.Set(o.GetLabels())) {
			return nil
		}
		return all(ctx, s.Cache, kind(), o.GetName())
	}), builder.WithPredicates(predicate.LabelChangedPredicate{}))
}
