package gateway

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	scope "github.com/knative-provider/terraform-provider-knative/webhook/controller"
)

// ConditionEvents is the condition of a ScalingPolicy whose events the gateway can hand on.
const ConditionEvents = "EventsAccepted"

// keeper tells each target what its policy, its Service and its Pods say, and the policy where its events go.
type keeper struct {
	client  client.Client
	scope   scope.Scope
	targets *targets
	role    *role
	doubt   *doubt
	address string // of the gateway
	again   chan event.GenericEvent
}

// Reconcile brings one policy's target up to date. One in a namespace of another gateway is none of this one's.
func (k *keeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if in, err := k.scope.Holds(ctx, req.Namespace); err != nil || !in {
		if err == nil {
			k.targets.remove(req.NamespacedName)
		}
		return ctrl.Result{}, err
	}
	policy := &v1alpha1.ScalingPolicy{}
	err := k.client.Get(ctx, req.NamespacedName, policy)
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	}
	if err != nil || policy.Spec.Event == nil || !policy.DeletionTimestamp.IsZero() {
		k.targets.remove(req.NamespacedName)
		if err == nil && k.role.current().self && policy.Status.EventAddress != "" {
			return ctrl.Result{}, client.IgnoreNotFound(k.say(ctx, req.NamespacedName, map[string]any{}))
		}
		return ctrl.Result{}, nil
	}
	service := &servingv1.Service{}
	err = k.client.Get(ctx, types.NamespacedName{Namespace: policy.Namespace, Name: policy.Spec.Target.Name}, service)
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	}
	found := err == nil
	of := []client.ListOption{client.InNamespace(policy.Namespace), client.MatchingFields{byService: policy.Spec.Target.Name}, client.UnsafeDisableDeepCopy}
	var pods corev1.PodList
	var revisions servingv1.RevisionList
	for _, list := range []client.ObjectList{&pods, &revisions} {
		if err := k.client.List(ctx, list, of...); err != nil {
			return ctrl.Result{}, err
		}
	}
	shares := sharesOf(service)
	reason, problem := scaling.EventProblem(policy, found, liveOf(shares, revisions.Items))
	s := setup{shares: shares, refusal: problem, pods: comingOf(pods.Items)}
	s.limits.MaxQueue, s.timeout, s.limits.Idle = scaling.EventSettings(policy.Spec.Event)
	if policy.Spec.Max != nil {
		s.limits.Max = int(*policy.Spec.Max)
	}
	t, dispatches := k.targets.add(req.NamespacedName), k.role.current().self
	for pod, e := range t.configure(s, endpointsOf(pods.Items), dispatches) {
		go k.doubt.resolve(k.targets.ctx, t, pod, e)
	}
	if !dispatches {
		return ctrl.Result{}, nil
	}
	if err := k.tell(ctx, policy, reason, problem); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	return k.clear(ctx, policy, time.Now())
}

// gaining is called before this replica dispatches: whatever it knows of Pods, somebody else may have given them events.
func (k *keeper) gaining() {
	for _, t := range k.targets.all() {
		t.estrange()
	}
	go k.lookAgain()
}

// lookAgain looks at all policies, now that this replica dispatches: it is the one that writes their status.
func (k *keeper) lookAgain() {
	for !k.role.current().self {
		select {
		case <-k.role.current().changed:
		case <-k.targets.ctx.Done():
			return
		}
	}
	for _, t := range k.targets.all() {
		select {
		case k.again <- event.GenericEvent{Object: &v1alpha1.ScalingPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: t.key.Namespace, Name: t.key.Name}}}:
		case <-k.targets.ctx.Done():
			return
		}
	}
}

// tell writes where events go, and whether they are taken, where that is not written yet.
func (k *keeper) tell(ctx context.Context, p *v1alpha1.ScalingPolicy, reason, problem string) error {
	c := metav1.Condition{
		Type: ConditionEvents, Status: metav1.ConditionTrue, Reason: "Accepted", Message: "each event that comes in at the address gets a Pod of its own",
		ObservedGeneration: p.Generation, LastTransitionTime: metav1.Now().Rfc3339Copy(),
	}
	if reason != "" {
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, reason, problem
	}
	address := k.address + "/" + p.Namespace + "/" + p.Name
	before := meta.FindStatusCondition(p.Status.Conditions, ConditionEvents)
	if before != nil && before.Status == c.Status {
		c.LastTransitionTime = before.LastTransitionTime
		if before.Reason == c.Reason && before.Message == c.Message && before.ObservedGeneration == c.ObservedGeneration && p.Status.EventAddress == address {
			return nil
		}
	}
	return k.say(ctx, client.ObjectKeyFromObject(p), map[string]any{"eventAddress": address, "conditions": []any{map[string]any{
		"type": c.Type, "status": string(c.Status), "reason": c.Reason, "message": c.Message, "observedGeneration": c.ObservedGeneration,
		"lastTransitionTime": c.LastTransitionTime.UTC().Format(time.RFC3339),
	}}})
}

func (k *keeper) say(ctx context.Context, policy types.NamespacedName, status map[string]any) error {
	o := policyObject(policy)
	o.Object["status"] = status
	return k.client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("knative-guard-gateway"), client.ForceOwnership)
}

// register has the keeper look at a policy whenever something that it goes by changes. Each replica does.
func (k *keeper) register(ctx context.Context, m ctrl.Manager) error {
	for o, index := range map[client.Object]string{&corev1.Pod{}: byService, &servingv1.Revision{}: byService, &v1alpha1.ScalingPolicy{}: byTarget} {
		if err := m.GetFieldIndexer().IndexField(ctx, o, index, indexed); err != nil {
			return err
		}
	}
	no := false
	b := ctrl.NewControllerManagedBy(m).Named("events").For(&v1alpha1.ScalingPolicy{}).
		Watches(&servingv1.Service{}, k.policiesOf(client.Object.GetName)).
		Watches(&servingv1.Revision{}, k.policiesOf(serviceOf)).
		Watches(&corev1.Pod{}, k.policiesOf(serviceOf)).
		WatchesRawSource(source.Channel(k.again, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{NeedLeaderElection: &no, MaxConcurrentReconciles: 2})
	return k.scope.Watch(b, func() client.ObjectList { return &v1alpha1.ScalingPolicyList{} }).Complete(k)
}

func indexed(o client.Object) []string {
	if p, ok := o.(*v1alpha1.ScalingPolicy); ok {
		if p.Spec.Event == nil {
			return nil
		}
		return []string{p.Spec.Target.Name}
	}
	return []string{serviceOf(o)}
}

func serviceOf(o client.Object) string { return o.GetLabels()[serving.ServiceLabelKey] }

// policiesOf finds the policies whose events go to the Service of an object.
func (k *keeper) policiesOf(service func(client.Object) string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		var policies v1alpha1.ScalingPolicyList
		if err := k.client.List(ctx, &policies, client.InNamespace(o.GetNamespace()), client.MatchingFields{byTarget: service(o)}); err != nil {
			return nil // the cache has no such index only before it starts
		}
		out := make([]reconcile.Request, 0, len(policies.Items))
		for i := range policies.Items {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&policies.Items[i])})
		}
		return out
	})
}
