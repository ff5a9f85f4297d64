package scaling

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// mappingAgain is when to look again for a kind whose CRD is there but which is not served yet.
const mappingAgain = time.Second

// ForeignWatcher has the kinds of other scalers in the cache while their CRDs are there. Every replica runs it: each answers reviews.
type ForeignWatcher struct {
	Cache  cache.Cache
	Owners *Owners
}

// Reconcile holds the cache to one CRD:
//
//	the CRD     the kind is in the cache    then
//	is there    no                          it is put there, and counts when it has caught up
//	is there    yes                         nothing
//	is gone     yes                         it is taken out
func (w *ForeignWatcher) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	kind := foreignKinds()[req.Name]
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(crdKind())
	err := w.Cache.Get(ctx, req.NamespacedName, crd)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return ctrl.Result{}, err
	case err != nil || crd.DeletionTimestamp != nil:
		w.Owners.set(kind, false)
		return ctrl.Result{}, w.Cache.RemoveInformer(ctx, u)
	case w.Owners.has(kind):
		return ctrl.Result{}, nil
	}
	informer, err := w.Cache.GetInformer(ctx, u, cache.BlockUntilSynced(false))
	switch {
	case meta.IsNoMatchError(err):
		return ctrl.Result{RequeueAfter: mappingAgain}, nil
	case err != nil:
		return ctrl.Result{}, err
	case !informer.HasSynced():
		return ctrl.Result{RequeueAfter: mappingAgain}, nil
	}
	w.Owners.set(kind, true)
	return ctrl.Result{}, nil
}

// Register makes the manager call Reconcile.
func (w *ForeignWatcher) Register(m ctrl.Manager) error {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(crdKind())
	everywhere := false
	return ctrl.NewControllerManagedBy(m).Named("foreign-scalers").WithOptions(controller.Options{NeedLeaderElection: &everywhere}).
		For(crd, builder.WithPredicates(predicate.NewPredicateFuncs(func(o client.Object) bool {
			_, ok := foreignKinds()[o.GetName()]
			return ok
		}))).Complete(w)
}
