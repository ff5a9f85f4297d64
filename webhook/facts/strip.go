package facts

import (
	"fmt"
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

// stripRevision leaves whose a Revision is, since when, whether it is Ready and routed to, how it scales, and the fingerprint of what
// it runs. There are so many that each map and each text counts: what is the same for several is one for all of them, and the fingerprint is where Knative has
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
	for key, value := range r.Annotations {
		if key != serving.RevisionPreservedAnnotationKey && !strings.HasPrefix(key, autoscaling.GroupName+"/") {
			continue
		}
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = value
	}
	r.TypeMeta, r.Namespace = metav1.TypeMeta{}, unique.Make(r.Namespace).Value()
	r.Annotations, r.OwnerReferences = annotations, nil
	r.Labels = owner.of(r)
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

// owner makes the labels that tell whose a cached Revision is, and whether it is routed to. Those of one Service come one after the other when they are listed,
// and share them.
var owner sharedLabels

type sharedLabels struct {
	mu   sync.Mutex
	last map[string]string
}

func (l *sharedLabels) of(r *servingv1.Revision) map[string]string {
	kept := [...]string{serving.ServiceLabelKey, serving.ServiceUIDLabelKey, serving.RoutingStateLabelKey}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range kept {
		if value, ok := l.last[key]; l.last == nil || value != r.Labels[key] || ok != hasKey(r.Labels, key) {
			l.last = map[string]string{}
			for _, key := range kept {
				if value, ok := r.Labels[key]; ok {
					l.last[key] = strings.Clone(value)
				}
			}
			break
		}
	}
	return l.last
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}

// exact is a slice with no room to grow.
func exact[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

// runs is the fingerprint of what a cached Revision runs.
func runs(r *servingv1.Revision) string { return r.Status.LogURL }
