package facts

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"unique"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	duckv1 "knative.dev/pkg/apis/duck/v1"
	"knative.dev/serving/pkg/apis/autoscaling"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func transform[T client.Object](strip func(T) error) func(any) (any, error) {
	return func(o any) (any, error) {
		if object, ok := o.(T); ok { // else a tombstone of a missed deletion
			object.SetManagedFields(nil)
			return o, strip(object)
		}
		return o, nil
	}
}

// stripService leaves what is asked for and served, and no URLs: there may be one for each tag. Slices were grown while they were
// read, to up to twice of what is in them.
func stripService(s *servingv1.Service) error {
	s.Spec.ConfigurationSpec = servingv1.ConfigurationSpec{}
	s.Spec.Traffic, s.Status.Traffic, s.Status.Conditions = exact(s.Spec.Traffic), exact(s.Status.Traffic), exact(s.Status.Conditions)
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

func stripHPA(h *autoscalingv2.HorizontalPodAutoscaler) error {
	h.Annotations, h.Status = nil, autoscalingv2.HorizontalPodAutoscalerStatus{}
	return nil
}

// stripRevision leaves whose a Revision is, since when, whether it is Ready, how it scales, and the fingerprint of what it runs. There
// are so many that each map and each text counts: what is the same for several is one for all of them, and the fingerprint is where
// Knative has the address of logs. It may see a Revision twice: client-go hands a transform what it has transformed already.
func stripRevision(r *servingv1.Revision) error {
	if len(r.Spec.Containers) == 0 {
		return nil
	}
	fingerprint, err := Runs(r.Spec)
	if err != nil {
		return fmt.Errorf("revision %s/%s: %w", r.Namespace, r.Name, err)
	}
	r.TypeMeta, r.Namespace, r.OwnerReferences = metav1.TypeMeta{}, unique.Make(r.Namespace).Value(), nil
	r.Labels = labelsOf.only(r.Labels, func(key string) bool {
		return key == serving.ServiceLabelKey || key == serving.ServiceUIDLabelKey || key == serving.RoutingStateLabelKey
	})
	r.Annotations = annotationsOf.only(r.Annotations, func(key string) bool {
		return key == serving.RevisionPreservedAnnotationKey || strings.HasPrefix(key, autoscaling.GroupName+"/")
	})
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

// The labels and annotations of cached Revisions.
var labelsOf, annotationsOf lastMap

// lastMap makes small maps, of which one after the other is often the same: Revisions of one Service follow each other when they are
// listed. These share one, which nobody may change.
type lastMap struct {
	mu   sync.Mutex
	last map[string]string
}

// only is a map of some of the keys; nil where there are none.
func (l *lastMap) only(of map[string]string, keep func(key string) bool) map[string]string {
	var kept map[string]string
	for key, value := range of {
		if keep(key) {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[unique.Make(key).Value()] = value
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !maps.Equal(kept, l.last) {
		l.last = kept
	}
	return l.last
}

// exact is a slice with no room to grow.
func exact[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

// runs is the fingerprint of what a cached Revision runs.
func runs(r *servingv1.Revision) string { return r.Status.LogURL }
