package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// explain says about the Pods of a namespace that are not ready why, with the end of their logs.
func (a *api) explain(namespace string) string {
	// The start's own context may be over by now.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pods, err := a.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, pod := range pods.Items {
		if podReady(&pod) {
			continue
		}
		fmt.Fprintf(&b, "\n  Pod %s: %s", pod.Name, podTrouble(&pod))
		for _, c := range pod.Spec.Containers {
			lines := int64(8)
			log, err := a.client.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: c.Name, TailLines: &lines}).DoRaw(ctx)
			if err == nil && len(log) > 0 {
				fmt.Fprintf(&b, "\n    %s", strings.ReplaceAll(strings.TrimSpace(string(log)), "\n", "\n    "))
			}
		}
	}
	return b.String()
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// podTrouble is the most telling thing that a Pod's status says.
func podTrouble(pod *corev1.Pod) string {
	for _, c := range pod.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil {
			return strings.TrimSpace(w.Reason + " " + w.Message)
		}
		if t := c.State.Terminated; t != nil {
			return fmt.Sprintf("%s, exit code %d", t.Reason, t.ExitCode)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Status == corev1.ConditionFalse && c.Message != "" {
			return c.Message
		}
	}
	return string(pod.Status.Phase)
}
