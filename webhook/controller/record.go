// Package controller holds what the guard does beside answering: it keeps the record that the rules go by, keeps Revisions that one
// may go back to, and writes on policies what became of them.
package controller

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// RecordKeeper keeps one RolloutRecord for each Service.
type RecordKeeper struct {
	Client client.Client
	Facts  *facts.Reader
	Now    func() time.Time
	Events events.EventRecorder
	Scope  Scope
}

// Reconcile brings the record of one Service up to what is seen of it:
//
//	the Service    the record                              then
//	is there       says what is seen                       nothing
//	is there       says something else, or is not there    it is written
//	is gone        is not there                            nothing
//	is gone        tells of what it ran, for FormerKept    it is written, and kept until then
//	is gone        tells nothing that is needed            it is deleted
func (k *RecordKeeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	record := &v1alpha1.RolloutRecord{ObjectMeta: metav1.ObjectMeta{Namespace: req.Namespace, Name: req.Name}}
	if err := client.IgnoreNotFound(k.Client.Get(ctx, req.NamespacedName, record)); err != nil {
		return ctrl.Result{}, err
	}
	old := record.DeepCopy()
	service, err := k.Facts.Service(ctx, req.NamespacedName)
	if err != nil {
		return ctrl.Result{}, err
	}
	now := k.Now()
	if service == nil {
		return k.forget(ctx, record, now)
	}
	seen, err := k.see(ctx, service)
	if err != nil {
		return ctrl.Result{}, err
	}
	before := record.Status
	var again time.Time
	record.Status, again = rollout.Observe(before, seen, now)
	result := ctrl.Result{}
	if !again.IsZero() {
		result.RequeueAfter = again.Sub(now)
	}
	if equality.Semantic.DeepEqual(before, record.Status) {
		return result, nil
	}
	if err := k.write(ctx, old, record); err != nil {
		return ctrl.Result{}, err
	}
	k.tell(service, before, record.Status)
	return result, nil
}

// forget keeps the record of a Service that is gone for as long as one made anew is held to it.
func (k *RecordKeeper) forget(ctx context.Context, record *v1alpha1.RolloutRecord, now time.Time) (ctrl.Result, error) {
	if record.ResourceVersion == "" {
		return ctrl.Result{}, nil
	}
	old, known := record.DeepCopy(), record.Status.ServiceUID == ""
	if !known {
		record.Status = rollout.ObserveDeleted(record.Status, now)
	}
	former := record.Status.Former
	if former == nil || !now.Before(former.Deleted.Add(v1alpha1.FormerKept)) {
		return ctrl.Result{}, client.IgnoreNotFound(k.Client.Delete(ctx, record))
	}
	result := ctrl.Result{RequeueAfter: former.Deleted.Add(v1alpha1.FormerKept).Sub(now)}
	if known {
		return result, nil
	}
	return result, k.write(ctx, old, record)
}

// see gathers what there is to see of a Service.
func (k *RecordKeeper) see(ctx context.Context, s *servingv1.Service) (rollout.Seen, error) {
	policies, err := k.Facts.Policies(ctx, s.Namespace, s.Labels)
	if err != nil {
		return rollout.Seen{}, err
	}
	revisions, err := k.Facts.Revisions(ctx, client.ObjectKeyFromObject(s), s.UID)
	return rollout.Seen{
		Service: facts.Service(s, s.Spec.Traffic, &s.Status), Revisions: revisions, BakeTime: rollout.BakeTime(policies),
		By: s.Annotations[serving.UpdaterAnnotation], Bypass: s.Annotations[admission.BypassAnnotation],
	}, err
}

// write is the one write. A record that was changed since it was read gives a conflict, and everything is looked at again. It is a
// patch, so that what a newer guard beside this one remembers stays. In a namespace that goes, nothing can be made, and nothing
// needs to be.
func (k *RecordKeeper) write(ctx context.Context, old, record *v1alpha1.RolloutRecord) error {
	if record.ResourceVersion != "" {
		return k.Client.Patch(ctx, record, client.MergeFromWithOptions(old, client.MergeFromWithOptimisticLock{}))
	}
	err := k.Client.Create(ctx, record)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}

// tell makes Events of what changed.
func (k *RecordKeeper) tell(s *servingv1.Service, before, after v1alpha1.RolloutRecordStatus) {
	if after.Stable != before.Stable {
		k.Events.Eventf(s, nil, corev1.EventTypeNormal, "RevisionStable", "Record", "%s is the stable Revision; %s was before", after.Stable, or(after.Previous, "none"))
	}
	if len(after.RolledBack) > len(before.RolledBack) {
		k.Events.Eventf(s, nil, corev1.EventTypeWarning, "RolledBack", "Record", "%s was rolled back from", after.RolledBack[0])
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Register makes the manager call Reconcile.
func (k *RecordKeeper) Register(m ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(m).Named("record").For(&servingv1.Service{}).
		Watches(&servingv1.Revision{}, handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
			return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetLabels()[serving.ServiceLabelKey]}}}
		})).
		Watches(&v1alpha1.RolloutRecord{}, &handler.EnqueueRequestForObject{}).
		Watches(&v1alpha1.RolloutPolicy{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			return all(ctx, k.Client, &servingv1.ServiceList{}, o.GetNamespace())
		}))
	return k.Scope.Watch(b, func() client.ObjectList { return &servingv1.ServiceList{} }).Complete(k.Scope.Of(k))
}
