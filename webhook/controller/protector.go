package controller

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// Protector keeps Knative's garbage collection from Revisions that one may go back to.
type Protector struct {
	Client client.Client
	Scope  Scope
}

// Reconcile holds the Revisions of one record's Service to this. Which of them the guard protects is on the record: any annotation
// of a Revision but Knative's own reaches its Pods, so that a mark there would have all of them roll out anew.
//
//	the Revision is                on the record    has no-gc    then
//	stable, or the one before it   no               –            it is put on the record, and looked at again
//	stable, or the one before it   yes              no           it gets no-gc
//	stable, or the one before it   yes              yes          nothing
//	neither                        yes              –            the guard lets go of no-gc, and it comes off the record
//	neither                        no               –            nothing: a no-gc that it has is a user's
//
// It is on the record before the annotation is written, and until it is let go of: a guard that is killed in between goes on.
func (p *Protector) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	record := &v1alpha1.RolloutRecord{}
	if err := p.Client.Get(ctx, req.NamespacedName, record); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	wanted, protected := rollbackTargets(record.Status), record.Status.Protected
	if all := union(protected, wanted); len(all) > len(protected) {
		return ctrl.Result{}, p.remember(ctx, record, all) // which has this called again
	}
	var list servingv1.RevisionList
	if err := p.Client.List(ctx, &list, client.InNamespace(req.Namespace), facts.OfService(req.Name)); err != nil {
		return ctrl.Result{}, err
	}
	for i := range list.Items {
		r := &list.Items[i]
		protect := slices.Contains(wanted, r.Name)
		if r.DeletionTimestamp != nil || !slices.Contains(protected, r.Name) || protect && r.Annotations[serving.RevisionPreservedAnnotationKey] == "true" {
			continue
		}
		if err := client.IgnoreNotFound(p.apply(ctx, r, protect)); err != nil {
			return ctrl.Result{}, err
		}
	}
	if len(protected) > len(wanted) {
		return ctrl.Result{}, p.remember(ctx, record, wanted)
	}
	return ctrl.Result{}, nil
}

// rollbackTargets are the Revisions that one may always go back to.
func rollbackTargets(r v1alpha1.RolloutRecordStatus) []string {
	return slices.DeleteFunc([]string{r.Stable, r.Previous}, func(name string) bool { return name == "" })
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func (p *Protector) remember(ctx context.Context, record *v1alpha1.RolloutRecord, protected []string) error {
	before := record.DeepCopy()
	record.Status.Protected = protected
	return client.IgnoreNotFound(p.Client.Patch(ctx, record, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})))
}

// apply writes our annotation, or lets go of it: a user's own no-gc has an owner of its own and stays.
func (p *Protector) apply(ctx context.Context, r *servingv1.Revision, protect bool) error {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(servingv1.SchemeGroupVersion.WithKind("Revision"))
	u.SetNamespace(r.Namespace)
	u.SetName(r.Name)
	u.SetUID(r.UID) // never make one
	if protect {
		u.SetAnnotations(map[string]string{serving.RevisionPreservedAnnotationKey: "true"})
	}
	return p.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("knative-guard"), client.ForceOwnership)
}

// Register makes the manager call Reconcile.
func (p *Protector) Register(m ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(m).Named("protector").For(&v1alpha1.RolloutRecord{}).
		Watches(&servingv1.Revision{}, handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
			return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetLabels()[serving.ServiceLabelKey]}}}
		}))
	return p.Scope.Watch(b, func() client.ObjectList { return &v1alpha1.RolloutRecordList{} }).Complete(p.Scope.Of(p))
}
