package sidecar

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/networking"
)

// checkFree refuses a Pod that has something else where the queue-proxy's parts belong: ports, their names, volumes, labels, the
// hook for the drain. What an earlier injection put there is not something else.
func checkFree(pod *corev1.Pod, m *made, s *settings) *Refusal {
	for i := range pod.Spec.Containers {
		if r := checkPorts(&pod.Spec.Containers[i], m); r != nil {
			return r
		}
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
			continue // it is gone when the queue-proxy starts
		}
		if r := checkPorts(c, m); r != nil {
			return r
		}
	}
	if r := checkPreStop(s.backend.container, m); r != nil || injected(pod) {
		return r
	}
	for _, v := range m.volumes {
		if slices.ContainsFunc(pod.Spec.Volumes, func(own corev1.Volume) bool { return own.Name == v.Name }) {
			return &Refusal{NameTaken, fmt.Sprintf("A volume of the Pod is called %q.", v.Name), "The queue-proxy has a volume of that name.", "Call the Pod's volume something else."}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.labels)) {
		want := m.labels[key]
		if got, ok := pod.Labels[key]; ok && got != want {
			return &Refusal{LabelTaken, fmt.Sprintf("The Pod's label %s is %q.", key, got), fmt.Sprintf("The autoscaler finds its Pods by it: it must be %q.", want),
				fmt.Sprintf("Leave the label out, or name the PodAutoscaler by the annotation %s.", AnnotationAutoscaler)}
		}
	}
	return nil
}

func checkPorts(c *corev1.Container, m *made) *Refusal {
	if isQueueProxy(c) {
		return nil
	}
	for _, p := range c.Ports {
		for _, q := range m.ports() {
			switch {
			case p.ContainerPort == q.ContainerPort:
				return &Refusal{PortTaken, fmt.Sprintf("The container %q listens at port %d.", c.Name, p.ContainerPort),
					fmt.Sprintf("queue-proxy listens there (%s), and containers of a Pod share their ports.", q.Name), "Let the container listen at another port."}
			case p.Name == q.Name:
				return &Refusal{NameTaken, fmt.Sprintf("A port of the container %q is called %q.", c.Name, p.Name),
					"Services find the queue-proxy's port by that name.", "Call the container's port something else."}
			}
		}
	}
	return nil
}

// ports are those at which the queue-proxy listens; it does not declare the one for the drain.
func (m *made) ports() []corev1.ContainerPort {
	return append(slices.Clone(m.queueProxy.Ports), corev1.ContainerPort{Name: "queueadm-port", ContainerPort: networking.QueueAdminPort})
}

// checkPreStop looks at the container that answers requests: without the drain it would be stopped before the last of them come.
// Other containers keep a hook of their own.
func checkPreStop(c *corev1.Container, m *made) *Refusal {
	if c.Lifecycle == nil || c.Lifecycle.PreStop == nil {
		return nil
	}
	// The API server may have added defaults to the hook since.
	if get, drain := c.Lifecycle.PreStop.HTTPGet, m.preStop.HTTPGet; get != nil && get.Path == drain.Path && get.Port == drain.Port {
		return nil
	}
	return &Refusal{OwnPreStop, fmt.Sprintf("The container %q has a preStop hook.", c.Name),
		"A container has one, and here it waits until queue-proxy has no more requests.",
		fmt.Sprintf("Leave the hook out: the wait for %d s without a request takes the place of a sleep; other work belongs in the handler of SIGTERM.", drainSeconds)}
}
