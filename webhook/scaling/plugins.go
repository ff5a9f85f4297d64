package scaling

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/plugin"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// pluginOwner is the field manager of status.plugins.
const pluginOwner = client.FieldOwner("knative-guard-plugins")

// PluginKeeper tells the runner of policies, and writes into their status what their plugins say.
type PluginKeeper struct {
	Client client.Client
	Runner *plugin.Runner
	// InScope says whether this guard looks after a namespace.
	InScope func(ctx context.Context, namespace string) (bool, error)
	Now     func() time.Time
	Events  events.EventRecorder

	// written is what was written last, which a cache does not have yet.
	written sync.Map // of written by types.NamespacedName
}

// written is what plugins said, in the status of one policy.
type written struct {
	policy   types.UID
	statuses []v1alpha1.PluginStatus
}

// Reconcile brings a policy's plugins up to date, and their status where it is due: see plugin.Due.
func (k *PluginKeeper) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	switch in, err := k.InScope(ctx, req.Namespace); {
	case err != nil:
		return ctrl.Result{}, err
	case !in:
		k.Runner.Remove(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	policy := &v1alpha1.ScalingPolicy{}
	if err := k.Client.Get(ctx, req.NamespacedName, policy); err != nil {
		if client.IgnoreNotFound(err) == nil {
			k.Runner.Remove(req.NamespacedName)
			k.written.Delete(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	k.Runner.Set(policy)
	before := policy.Status.Plugins
	if last, ok := k.written.Load(req.NamespacedName); ok && last.(written).policy == policy.UID {
		before = last.(written).statuses
	}
	now := k.Runner.Statuses(req.NamespacedName)
	due, in := plugin.Due(before, now, policy.Spec.Plugins, k.Now())
	if !due {
		return ctrl.Result{RequeueAfter: in}, nil
	}
	if err := k.apply(ctx, policy, now); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	k.written.Store(req.NamespacedName, written{policy.UID, now})
	k.tell(policy, before, now)
	return ctrl.Result{}, nil
}

func (k *PluginKeeper) apply(ctx context.Context, policy *v1alpha1.ScalingPolicy, statuses []v1alpha1.PluginStatus) error {
	plugins := make([]any, 0, len(statuses))
	for i := range statuses {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&statuses[i])
		if err != nil {
			return err
		}
		plugins = append(plugins, fields)
	}
	return applyStatus(ctx, k.Client, policy, map[string]any{"plugins": plugins}, pluginOwner)
}

// applyStatus applies fields of a policy's status that are one writer's own, and nothing of a policy that was made anew.
func applyStatus(ctx context.Context, c client.Client, policy *v1alpha1.ScalingPolicy, fields map[string]any, owner client.FieldOwner) error {
	u := &unstructured.Unstructured{Object: map[string]any{"status": fields}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ScalingPolicy"))
	u.SetNamespace(policy.Namespace)
	u.SetName(policy.Name)
	u.SetUID(policy.UID)
	return c.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(u), owner, client.ForceOwnership)
}

// tell makes Events of plugins that went bad, and of those that came back.
func (k *PluginKeeper) tell(policy *v1alpha1.ScalingPolicy, before, after []v1alpha1.PluginStatus) {
	for _, is := range after {
		var was v1alpha1.PluginStatus
		if i := slices.IndexFunc(before, func(s v1alpha1.PluginStatus) bool { return s.Name == is.Name }); i >= 0 {
			was = before[i]
		}
		switch {
		case was.Problem == "" && is.Problem != "":
			k.Events.Eventf(policy, nil, corev1.EventTypeWarning, "PluginFailed", "AskPlugin", "%s", facts.Note(fmt.Sprintf("plugin %s: %s; %s", is.Name, is.Problem, counts(is))))
		case was.Problem != "" && is.Problem == "":
			k.Events.Eventf(policy, nil, corev1.EventTypeNormal, "PluginAnswers", "AskPlugin", "%s", facts.Note(fmt.Sprintf("plugin %s answers again: %s", is.Name, is.Value)))
		}
	}
}

// counts tells what is made of a plugin with a problem.
func counts(s v1alpha1.PluginStatus) string {
	if s.LastAnswer == nil {
		return "it has given no value yet, and its floor is none"
	}
	return fmt.Sprintf("its last answer, at %s, makes a floor of %d", s.LastAnswer.UTC().Format(time.RFC3339), s.Replicas)
}

// Register makes the manager call Reconcile: when a policy changes, and when something was heard of its plugins.
func (k *PluginKeeper) Register(m ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(m).Named("plugins").
		For(&v1alpha1.ScalingPolicy{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(k.policiesOf), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			k.Runner.NotifyStatus(func(policy types.NamespacedName) { q.Add(reconcile.Request{NamespacedName: policy}) })
			return nil
		})).Complete(k)
}

// policiesOf are those of a namespace that may have come into the scope, or left it.
func (k *PluginKeeper) policiesOf(ctx context.Context, namespace client.Object) []reconcile.Request {
	var list v1alpha1.ScalingPolicyList
	if err := k.Client.List(ctx, &list, client.InNamespace(namespace.GetName()), client.UnsafeDisableDeepCopy); err != nil {
		return nil // from a cache that is not there yet: what is in it is asked for when it comes
	}
	out := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		out[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
	}
	return out
}
