package controller

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// PolicyKeeper writes on each RolloutPolicy what it governs, what one may always go back to, and whether it can be decided by.
type PolicyKeeper struct {
	Client client.Client
	Facts  *facts.Reader
	Scope  Scope
}

// Reconcile looks through the Services, and writes what is different.
func (k *PolicyKeeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var policy v1alpha1.RolloutPolicy
	if err := k.Client.Get(ctx, req.NamespacedName, &policy); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := policy.DeepCopy()
	accepted := metav1.Condition{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: "Valid", ObservedGeneration: policy.Generation}
	selector, _, err := k.Facts.Compile(&policy)
	policy.Status.Services, policy.Status.RollbackTargets = 0, nil
	if err != nil {
		accepted.Status, accepted.Reason, accepted.Message = metav1.ConditionFalse, "Invalid", "It governs nothing: "+err.Error()
	} else {
		if err := k.governed(ctx, &policy, selector); err != nil {
			return ctrl.Result{}, err
		}
	}
	policy.Status.ObservedGeneration = policy.Generation
	meta.SetStatusCondition(&policy.Status.Conditions, accepted)
	if equality.Semantic.DeepEqual(before.Status, policy.Status) {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(k.Client.Status().Patch(ctx, &policy, client.MergeFrom(before)))
}

// governed counts Services, and gathers their rollback targets: those of the API server's own policies, which see no records.
func (k *PolicyKeeper) governed(ctx context.Context, policy *v1alpha1.RolloutPolicy, selector labels.Selector) error {
	var services servingv1.ServiceList
	if err := k.Client.List(ctx, &services, client.InNamespace(policy.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	var targets []string
	for i := range services.Items {
		s := &services.Items[i]
		if !selector.Matches(labels.Set(s.Labels)) {
			continue
		}
		policy.Status.Services++
		record, err := k.Facts.Record(ctx, client.ObjectKeyFromObject(s))
		if err != nil {
			return err
		}
		if record.ServiceUID == s.UID {
			targets = append(targets, record.Stable, record.Previous)
		}
	}
	targets = slices.DeleteFunc(targets, func(name string) bool { return name == "" })
	slices.Sort(targets) // a cache lists in any order
	policy.Status.RollbackTargets = targets[:min(len(targets), v1alpha1.RollbackTargetsKept)]
	return nil
}

// Register makes the manager call Reconcile.
func (k *PolicyKeeper) Register(m ctrl.Manager) error {
	policies := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return all(ctx, k.Client, &v1alpha1.RolloutPolicyList{}, o.GetNamespace())
	})
	b := ctrl.NewControllerManagedBy(m).Named("policy").For(&v1alpha1.RolloutPolicy{}).
		Watches(&servingv1.Service{}, policies).Watches(&v1alpha1.RolloutRecord{}, policies)
	return k.Scope.Watch(b, func() client.ObjectList { return &v1alpha1.RolloutPolicyList{} }).Complete(k.Scope.Of(k))
}

// all asks for everything of a kind in a namespace.
func all(ctx context.Context, c client.Reader, list client.ObjectList, namespace string) []reconcile.Request {
	if err := c.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil // from a cache that is not there yet: what is in it is asked for when it comes
	}
	var out []reconcile.Request
	_ = meta.EachListItem(list, func(o runtime.Object) error {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o.(client.Object))})
		return nil
	})
	return out
}
