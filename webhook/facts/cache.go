package facts

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

const (
	// ManagedKey is the label of what the guard makes beside its own kinds.
	ManagedKey = "app.kubernetes.io/managed-by"
	// ManagedValue is its value.
	ManagedValue = "knative-guard"
	// byService is the index of Revisions by the Service that they belong to.
	byService = "service"
	// byTarget is the index of ScalingPolicies and HPAs by what they scale, as kind/name.
	byTarget = "target"
)

// Scheme knows every kind that the guard reads or writes.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, servingv1.AddToScheme, autoscalingv1alpha1.AddToScheme, netv1alpha1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// CacheOptions keep of each object what decisions need: there may be 50,000 Revisions, with as many Deployments, Pods and
// PodAutoscalers of Knative's own, which are left out. A guard of one namespace sees, and so writes on, nothing of any other; "" is
// all of them. Of ConfigMaps it sees those in Knative's namespace only.
func CacheOptions(namespace, knative string) cache.Options {
	return cache.Options{
		DefaultNamespaces: map[string]cache.Config{namespace: {}}, // cache.AllNamespaces is ""
		DefaultTransform:  cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&servingv1.Service{}:  {Transform: transform(stripService)},
			&servingv1.Revision{}: {Transform: transform(stripRevision)},
			&corev1.ConfigMap{}:   {Namespaces: map[string]cache.Config{knative: {}}},
			&corev1.Pod{}:         {Transform: transform(stripPod), Label: selector("serving.knative.dev/revisionUID,!serving.knative.dev/service")},
			&appsv1.Deployment{}:  {Label: selector("!serving.knative.dev/revision")},

			&autoscalingv2.HorizontalPodAutoscaler{}: {Transform: transform(stripHPA), Label: selector("!serving.knative.dev/revision")},
			&autoscalingv1alpha1.PodAutoscaler{}:     {Label: labels.SelectorFromSet(ManagedLabels())},

			// These are cached once there is an SLBIngress.
			&netv1alpha1.Ingress{}:       {Transform: transform(stripIngress)},
			&corev1.Service{}:            {Transform: transform(stripKubeService)},
			&corev1.Secret{}:             {Transform: transform(stripSecret), Field: fields.OneTermEqualSelector("type", string(corev1.SecretTypeTLS))},
			&discoveryv1.EndpointSlice{}: {Transform: transform(stripSlice), Label: selector(discoveryv1.LabelServiceName)},
		},
	}
}

// Prepare makes a cache hold, before it starts, all that Reader asks for: so no decision is the first to ask.
func Prepare(ctx context.Context, c cache.Cache) error {
	for _, kind := range []client.Object{&servingv1.Service{}, &servingv1.Revision{}, &v1alpha1.RolloutPolicy{}, &v1alpha1.RolloutRecord{}, &corev1.Namespace{}, &corev1.ConfigMap{}, &appsv1.Deployment{}, &v1alpha1.ScalingPolicy{}, &autoscalingv2.HorizontalPodAutoscaler{}} {
		if _, err := c.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return err
		}
	}
	return AddIndexes(ctx, c)
}

// AddIndexes adds what OfService and OfTarget go by.
func AddIndexes(ctx context.Context, c client.FieldIndexer) error {
	return errors.Join(
		c.IndexField(ctx, &servingv1.Revision{}, byService, func(o client.Object) []string {
			return []string{o.GetLabels()[serving.ServiceLabelKey]}
		}),
		c.IndexField(ctx, &v1alpha1.ScalingPolicy{}, byTarget, func(o client.Object) []string {
			t := o.(*v1alpha1.ScalingPolicy).Spec.Target
			return []string{string(t.Kind) + "/" + t.Name}
		}),
		c.IndexField(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, byTarget, func(o client.Object) []string {
			t := o.(*autoscalingv2.HorizontalPodAutoscaler).Spec.ScaleTargetRef
			return []string{t.Kind + "/" + t.Name}
		}))
}

// OfService lists the Revisions of a Service from a cache that Prepare has prepared.
func OfService(name string) client.MatchingFields { return client.MatchingFields{byService: name} }

// OfTarget lists the ScalingPolicies or HPAs of a target from a cache that Prepare has prepared.
func OfTarget(kind, name string) client.MatchingFields {
	return client.MatchingFields{byTarget: kind + "/" + name}
}

// ManagedLabels are on what the guard makes beside its own kinds.
func ManagedLabels() map[string]string { return map[string]string{ManagedKey: ManagedValue} }

// selector is of a constant.
func selector(text string) labels.Selector {
	s, err := labels.Parse(text)
	utilruntime.Must(err)
	return s
}
