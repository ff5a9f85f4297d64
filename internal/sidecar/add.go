package sidecar

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/reconciler/revision/resources"
)

// nonRoot is the user of the image that queue-proxy is built on (gcr.io/distroless/static:nonroot).
const nonRoot = 65532

// addTo is a copy of a Pod with all that was made.
func (m *made) addTo(pod *corev1.Pod, s *settings) *corev1.Pod {
	out := pod.DeepCopy()
	m.addMetadata(out, s)
	for i := range out.Spec.Containers {
		if c := &out.Spec.Containers[i]; !isQueueProxy(c) {
			m.addDrain(c)
		}
	}
	out.Spec.Containers = put(out.Spec.Containers, m.container(out), func(c *corev1.Container) string { return c.Name })
	for _, v := range m.volumes {
		out.Spec.Volumes = put(out.Spec.Volumes, *v.DeepCopy(), func(v *corev1.Volume) string { return v.Name })
	}
	if g := out.Spec.TerminationGracePeriodSeconds; g == nil || *g < m.graceSeconds {
		seconds := m.graceSeconds
		out.Spec.TerminationGracePeriodSeconds = &seconds
	}
	return out
}

func (m *made) addMetadata(pod *corev1.Pod, s *settings) {
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	maps.Copy(pod.Labels, m.labels)
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[AnnotationInjected] = "true"
	// As Knative does, so that `kubectl logs` and `exec` mean the same container as before.
	if pod.Annotations[resources.DefaultContainerAnnotationName] == "" {
		pod.Annotations[resources.DefaultContainerAnnotationName] = s.backend.container.Name
	}
}

func (m *made) addDrain(c *corev1.Container) {
	if c.Lifecycle == nil {
		c.Lifecycle = &corev1.Lifecycle{}
	}
	if c.Lifecycle.PreStop == nil {
		c.Lifecycle.PreStop = m.preStop.DeepCopy()
	}
}

// container is the queue-proxy for a Pod. It must not run as root, so where the Pod's containers do unless they say otherwise, it
// says otherwise: else the kubelet refuses to start it.
func (m *made) container(pod *corev1.Pod) corev1.Container {
	c := *m.queueProxy.DeepCopy()
	p := pod.Spec.SecurityContext
	if p != nil && p.RunAsUser != nil && *p.RunAsUser == 0 && c.SecurityContext.RunAsUser == nil {
		user := int64(nonRoot)
		c.SecurityContext.RunAsUser = &user
	}
	return c
}

// put replaces the item of the same name, or appends.
func put[T any](items []T, item T, name func(*T) string) []T {
	i := slices.IndexFunc(items, func(other T) bool { return name(&other) == name(&item) })
	if i < 0 {
		return append(items, item)
	}
	items[i] = item
	return items
}
