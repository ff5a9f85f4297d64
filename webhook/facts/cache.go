package facts

import (
	"context"
	"fmt"
	"unique"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

const (
	// ProtectedAnnotation marks a Revision whose serving.knative.dev/no-gc is the guard's.
	ProtectedAnnotation = "knative-provider.dev/rollback-target"
	// ManagedKey is the label of what the guard makes beside its own kinds.
	ManagedKey = "app.kubernetes.io/managed-by"
	// ManagedValue is its value.
	ManagedValue = "knative-guard"
	// byService is the index of Revisions by the Service that they belong to.
	byService = "service"
)

// Scheme knows every kind that the guard reads or writes.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, servingv1.AddToScheme, autoscalingv1alpha1.AddToScheme, v1alpha1.AddToScheme} {
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

			&autoscalingv1alpha1.PodAutoscaler{}: {Label: labels.SelectorFromSet(ManagedLabels())},
		},
	}
}

// Prepare makes a cache hold, before it starts, all that Reader asks for: so no decision is the first to ask.
func Prepare(ctx context.Context, c cache.Cache) error {
	for _, kind := range []client.Object{&servingv1.Service{}, &servingv1.Revision{}, &v1alpha1.RolloutPolicy{}, &v1alpha1.RolloutRecord{}, &corev1.Namespace{}, &corev1.ConfigMap{}, &appsv1.Deployment{}} {
		if _, err := c.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return err
		}
	}
	return c.IndexField(ctx, &servingv1.Revision{}, byService, func(o client.Object) []string {
		return []string{o.GetLabels()[serving.ServiceLabelKey]}
	})
}

// OfService lists the Revisions of a Service from a cache that Prepare has prepared.
func OfService(name string) client.MatchingFields { return client.MatchingFields{byService: name} }

// ManagedLabels are on what the guard makes beside its own kinds.
func ManagedLabels() map[string]string { return map[string]string{ManagedKey: ManagedValue} }

// selector is of a constant.
func selector(text string) labels.Selector {
	s, err := labels.Parse(text)
	utilruntime.Must(err)
	return s
}

func transform[T client.Object](strip func(T) error) func(any) (any, error) {
	return func(o any) (any, error) {
		if object, ok := o.(T); ok { // else a tombstone of a missed deletion
			object.SetManagedFields(nil)
			return o, strip(object)
		}
		return o, nil
	}
}

// stripService leaves what is asked for and served, and no URLs: there may be one for each tag.
func stripService(s *servingv1.Service) error {
	s.Spec.ConfigurationSpec = servingv1.ConfigurationSpec{}
	for i := range s.Status.Traffic {
		s.Status.Traffic[i].URL = nil
	}
	delete(s.Annotations, corev1.LastAppliedConfigAnnotation)
	return nil
}

// stripPod leaves what tells whose a Pod is, and whether it still runs.
func stripPod(p *corev1.Pod) error {
	p.Annotations, p.Spec = nil, corev1.PodSpec{}
	p.Status = corev1.PodStatus{Phase: p.Status.Phase}
	return nil
}

// stripRevision leaves whose a Revision is, since when, whether it is Ready, and the fingerprint of what it runs. There are so many
// that each map and each text counts: what is the same for several is one for all of them, and the fingerprint is where Knative has
// the address of logs. It may see a Revision twice: client-go hands a transform what it has transformed already.
func stripRevision(r *servingv1.Revision) error {
	if len(r.Spec.Containers) == 0 {
		return nil
	}
	fingerprint, err := Runs(r.Spec)
	if err != nil {
		return fmt.Errorf("revision %s/%s: %w", r.Namespace, r.Name, err)
	}
	var annotations map[string]string
	if protected, ok := r.Annotations[ProtectedAnnotation]; ok {
		annotations = map[string]string{ProtectedAnnotation: protected}
	}
	r.TypeMeta, r.Namespace = metav1.TypeMeta{}, unique.Make(r.Namespace).Value()
	r.Annotations, r.OwnerReferences = annotations, nil
	r.Labels = map[string]string{
		serving.ServiceLabelKey:    unique.Make(r.Labels[serving.ServiceLabelKey]).Value(),
		serving.ServiceUIDLabelKey: unique.Make(r.Labels[serving.ServiceUIDLabelKey]).Value(),
	}
	ready := notReady
	if isReady(r) {
		ready = isReadyNow
	}
	r.Spec, r.Status = servingv1.RevisionSpec{}, servingv1.RevisionStatus{Status: duckv1.Status{Conditions: ready}, LogURL: fingerprint}
	return nil
}

// The conditions of all cached Revisions.
var (
	isReadyNow = duckv1.Conditions{{Type: servingv1.RevisionConditionReady, Status: corev1.ConditionTrue}}
	notReady   = duckv1.Conditions{{Type: servingv1.RevisionConditionReady, Status: corev1.ConditionFalse}}
)

// runs is the fingerprint of what a cached Revision runs.
func runs(r *servingv1.Revision) string { return r.Status.LogURL }
