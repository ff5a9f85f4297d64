package sidecar

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"knative.dev/pkg/kmeta"
)

// settings are what a queue-proxy is made from, besides the cluster's configuration.
type settings struct {
	namespace   string
	name        string // of the PodAutoscaler
	backend     backend
	concurrency int64             // requests at once; 0 is no limit
	timeout     int64             // seconds
	annotations map[string]string // Knative's, such as the queue-proxy's resources
}

func (in *Injector) settings(ns *corev1.Namespace, pod *corev1.Pod) (*settings, *Refusal) {
	name, r := autoscaler(pod)
	if r != nil {
		return nil, r
	}
	b, r := findBackend(pod)
	if r != nil {
		return nil, r
	}
	d := in.cfg.Defaults
	least := int64(0)
	if !d.AllowContainerConcurrencyZero {
		least = 1
	}
	concurrency, r := number(pod, AnnotationConcurrency, least, d.ContainerConcurrencyMaxLimit, d.ContainerConcurrency)
	if r != nil {
		return nil, r
	}
	timeout, r := number(pod, AnnotationTimeout, 1, d.MaxRevisionTimeoutSeconds, d.RevisionTimeoutSeconds)
	if r != nil {
		return nil, r
	}
	annotations, r := knativeAnnotations(pod)
	if r != nil {
		return nil, r
	}
	return &settings{ns.Name, name, b, concurrency, timeout, annotations}, nil
}

// key is the same for settings that make the same queue-proxy.
func (s *settings) key() (string, error) {
	c := s.backend.container
	key, err := json.Marshal([]any{s.namespace, s.name, c.Name, c.Resources, s.backend.port, s.backend.protocol, s.concurrency, s.timeout, s.annotations})
	return string(key), err
}

// autoscaler is the name of the Pod's PodAutoscaler. After a workload it is not the workload's own name: Knative makes a Service of
// the PodAutoscaler's name, and most workloads have a Service of their own name already.
func autoscaler(pod *corev1.Pod) (string, *Refusal) {
	name := pod.Annotations[AnnotationAutoscaler]
	if workload := Workload(pod); name == "" && workload != "" {
		name = kmeta.ChildName(workload, "-kpa")
	}
	if errs := validation.IsDNS1035Label(name); len(errs) > 0 {
		return "", &Refusal{NoName, fmt.Sprintf("The PodAutoscaler of the Pod would be called %q.", name),
			"It is at most 63 lower-case letters, digits and '-', beginning with a letter and not ending with '-'.",
			fmt.Sprintf("Name it by the annotation %s on the Pod.", AnnotationAutoscaler)}
	}
	return name, nil
}

// Workload is the name of what made the Pod; of a ReplicaSet, that of its Deployment.
func Workload(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	switch {
	case owner == nil && pod.Name != "":
		return pod.Name
	case owner == nil:
		return strings.TrimRight(pod.GenerateName, "-")
	}
	return strings.TrimSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"])
}

func number(pod *corev1.Pod, annotation string, least, most, fallback int64) (int64, *Refusal) {
	text, ok := pod.Annotations[annotation]
	if !ok {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, &Refusal{BadValue, fmt.Sprintf("The annotation %s is %q.", annotation, text),
			fmt.Sprintf("It is a whole number from %d to %d: the limits are in Knative's ConfigMap config-defaults.", least, most),
			"Write such a number, or leave the annotation out."}
	}
	return n, nil
}

// knativeAnnotations are those that Knative's code reads from a Revision. Of those for the queue-proxy's resources it passes over
// in silence what it cannot read, because its webhook has checked Revisions before; Pods it has not.
func knativeAnnotations(pod *corev1.Pod) (map[string]string, *Refusal) {
	out := map[string]string{}
	for key, value := range pod.Annotations {
		group, name, _ := strings.Cut(key, "/")
		if group != "knative.dev" && !strings.HasSuffix(group, ".knative.dev") {
			continue
		}
		out[key] = value
		if group != "queue.sidecar.serving.knative.dev" {
			continue
		}
		_, err := resource.ParseQuantity(value)
		if name == "resource-percentage" {
			_, err = strconv.ParseFloat(value, 64)
		}
		if err != nil {
			return nil, &Refusal{BadValue, fmt.Sprintf("The annotation %s is %q.", key, value), "It is a quantity of a resource, a percentage a number.",
				`Write it as, for example, "100m", "200Mi" or "20".`}
		}
	}
	return out, nil
}
