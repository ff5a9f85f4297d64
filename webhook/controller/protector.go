package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// Protector keeps Knative's garbage collection from Revisions that one may go back to.
type Protector struct {
	Client client.Client
}

// Reconcile holds the Revisions of one record's Service to this:
//
//	the Revision is                    is protected    then
//	stable, or the one before it       no              it is
//	neither                            yes, by us      it is not
//	neither                            by a user       it stays so: the mark that it is ours is not there
func (p *Protector) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var record v1alpha1.RolloutRecord
	if err := p.Client.Get(ctx, req.NamespacedName, &record); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	var list servingv1.RevisionList
	if err := p.Client.List(ctx, &list, client.InNamespace(req.Namespace), facts.OfService(req.Name)); err != nil {
		return ctrl.Result{}, err
	}
	for i := range list.Items {
		r := &list.Items[i]
		_, protected := r.Annotations[facts.ProtectedAnnotation]
		wanted := r.Name == record.Status.Stable || r.Name == record.Status.Previous
		if wanted == protected || r.DeletionTimestamp != nil {
			continue
		}
		if err := p.apply(ctx, r, wanted); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
	}
	return ctrl.Result{}, nil
}

// apply writes our two annotations, or lets go of them: a user's own no-gc has an owner of its own and stays.
func (p *Protector) apply(ctx context.Context, r *servingv1.Revision, protect bool) error {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(servingv1.SchemeGroupVersion.WithKind("Revision"))
	u.SetNamespace(r.Namespace)
	u.SetName(r.Name)
	u.SetUID(r.UID) // never make one
	if protect {
		u.SetAnnotations(map[string]string{serving.RevisionPreservedAnnotationKey: "true", facts.ProtectedAnnotation: "true"})
	}
	return p.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("knative-guard"), client.ForceOwnership)
}

// Register makes the manager call Reconcile.
func (p *Protector) Register(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("protector").For(&v1alpha1.RolloutRecord{}).Complete(p)
}
