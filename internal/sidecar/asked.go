package sidecar

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// What a Pod and its namespace can say, as annotations; the first also as a label, for a webhook's selectors.
const (
	// AnnotationInject asks for a queue-proxy ("true") or forbids it ("false").
	AnnotationInject = "knative-provider.dev/inject-queue-proxy"
	// AnnotationInjected marks a Pod that has one from here. The guard writes it.
	AnnotationInjected = "knative-provider.dev/queue-proxy-injected"
	// AnnotationAutoscaler names the PodAutoscaler; without it, it is named after the workload.
	AnnotationAutoscaler = "knative-provider.dev/autoscaler"
	// AnnotationPort is the number or the name of the port that requests go to.
	AnnotationPort = "knative-provider.dev/user-port"
	// AnnotationConcurrency is how many requests a Pod gets at once, 0 for no limit; without it, Knative's default.
	AnnotationConcurrency = "knative-provider.dev/container-concurrency"
	// AnnotationTimeout is how long a request may take, in seconds; without it, Knative's default.
	AnnotationTimeout = "knative-provider.dev/timeout-seconds"
)

// CheckAsked is nil where a queue-proxy is asked for:
//
//	the Pod says    its namespace says    verdict
//	false           any                   skipped
//	true            any                   asked
//	nothing         true                  asked
//	nothing         false, nothing        skipped
//
// Of a label and an annotation that differ, false counts.
func CheckAsked(ns *corev1.Namespace, pod *corev1.Pod) *Refusal {
	inPod, r := says("Pod", pod.Labels, pod.Annotations)
	if r != nil {
		return r
	}
	inNamespace, r := says("namespace", ns.Labels, ns.Annotations)
	if r != nil {
		return r
	}
	switch {
	case inPod == "false":
		return &Refusal{OptedOut, fmt.Sprintf("The Pod says %s: false.", AnnotationInject), "A Pod need not have a queue-proxy.", "Say true to have one."}
	case inPod == "true", inNamespace == "true":
		return nil
	case inNamespace == "false":
		return &Refusal{NamespaceNo, fmt.Sprintf("The namespace says %s: false, and the Pod says nothing.", AnnotationInject),
			"A Pod may ask all the same.", fmt.Sprintf("Say %s: \"true\" on the Pod to have one.", AnnotationInject)}
	}
	return &Refusal{NotAsked, "Neither the Pod nor its namespace asks for a queue-proxy.", "It is for Pods that ask.",
		fmt.Sprintf("Say %s: \"true\" on either, as a label or an annotation.", AnnotationInject)}
}

func says(who string, labels, annotations map[string]string) (string, *Refusal) {
	out := ""
	for _, said := range []map[string]string{annotations, labels} {
		switch v := said[AnnotationInject]; v {
		case "":
		case "true", "false":
			if out != "false" {
				out = v
			}
		default:
			return "", &Refusal{BadValue, fmt.Sprintf("The %s says %s: %q.", who, AnnotationInject, v), `It is "true" or "false".`, "Write one of them."}
		}
	}
	return out, nil
}
