package sidecar

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/apis/serving"
	"knative.dev/serving/pkg/reconciler/revision/resources"
)

// checkPod refuses Pods that can have no queue-proxy, whatever else they are:
//
//	the Pod                                      verdict
//	mirrors one of a kubelet's own               skipped
//	has a queue-proxy from here                  allowed: it is made anew
//	has a queue-proxy, and Knative's labels      skipped
//	has another container of that name           refused
//	ends by itself, is on the host's network,
//	runs on Windows                              refused
//	is any, and Knative encrypts its traffic     refused
//	else                                         allowed
func (in *Injector) checkPod(pod *corev1.Pod) *Refusal {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return &Refusal{MirrorPod, "The Pod mirrors one that a kubelet runs from a file.", "It cannot be changed through the API.",
			"Add the queue-proxy to the kubelet's file, or run it as a Deployment."}
	}
	if !injected(pod) && (hasQueueProxy(pod.Spec.Containers) || hasQueueProxy(pod.Spec.InitContainers)) {
		if _, knatives := pod.Labels[serving.RevisionUID]; knatives {
			return &Refusal{KnativePod, "The Pod is one of Knative's own, and has a queue-proxy.", "One is enough.", "There is nothing to do."}
		}
		return &Refusal{NameTaken, fmt.Sprintf("A container of the Pod is called %q already.", resources.QueueContainerName),
			"The queue-proxy has that name, by which the autoscaler's tools know it.", "Call the container something else, or take it out."}
	}
	switch spec := &pod.Spec; {
	case spec.RestartPolicy != "" && spec.RestartPolicy != corev1.RestartPolicyAlways:
		return &Refusal{RunsToEnd, fmt.Sprintf("The Pod's restartPolicy is %s: it is to end by itself.", spec.RestartPolicy),
			"queue-proxy never ends, so such a Pod would never either.", "Inject into Pods that serve requests, whose restartPolicy is Always."}
	case spec.HostNetwork:
		return &Refusal{HostNetwork, "The Pod is on its node's network (hostNetwork).", "The queue-proxy's ports can be taken once on a network.",
			"Leave out hostNetwork, or run it without a queue-proxy."}
	case spec.OS != nil && spec.OS.Name == corev1.Windows:
		return &Refusal{Windows, "The Pod runs on Windows.", "queue-proxy runs on Linux.", "Run it without a queue-proxy."}
	case in.cfg.Network.SystemInternalTLSEnabled():
		// The container would mount a Secret that Knative makes only where there is a Revision, so the Pod would never start.
		return &Refusal{InternalTLS, "Knative encrypts its own traffic: system-internal-tls is Enabled in the ConfigMap config-network.",
			"The certificate that queue-proxy needs for it is made for Revisions only.", "Run the workload as a Knative Service."}
	}
	return nil
}

// injected says that the Pod has a queue-proxy from here. The mark alone may have been copied from another Pod.
func injected(pod *corev1.Pod) bool {
	return pod.Annotations[AnnotationInjected] == "true" && hasQueueProxy(pod.Spec.Containers) && !hasQueueProxy(pod.Spec.InitContainers)
}

func hasQueueProxy(containers []corev1.Container) bool {
	return slices.ContainsFunc(containers, func(c corev1.Container) bool { return isQueueProxy(&c) })
}

func isQueueProxy(c *corev1.Container) bool { return c.Name == resources.QueueContainerName }
