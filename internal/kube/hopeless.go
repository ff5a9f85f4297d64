package kube

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/apis/serving"
)

const (
	// hopelessRestarts is how often a container of a new Revision may crash before it is given up: once may be a dependency
	// that came up later.
	hopelessRestarts = 2
	// scaleUpTime is how long an autoscaler may take to say that it adds a node: the Cluster Autoscaler's own objective for a
	// large cluster (kubernetes/autoscaler, cluster-autoscaler/FAQ.md, "Service Level Objectives").
	scaleUpTime = time.Minute
	// startTime is how long an application may take until its readiness probe passes, where the Revision sets no
	// progress-deadline: the startup probe's default of Cloud Run, which is Knative's API as well (240 s, one failure).
	startTime = 4 * time.Minute
)

// hopeless says what keeps a Pod from coming up by itself, or nothing, and how long that has to stand before it ends a wait:
//
//	the Pod                                       hopeless
//	has no node (Unschedulable)                   after scaleUpTime: an autoscaler may add one
//	a container waits with
//	  ErrImagePull                                not yet: it is the first try that failed
//	  ImagePullBackOff, InvalidImageName, …       at once
//	a container has exited, not with 0, or waits with CrashLoopBackOff
//	  after fewer than 2 restarts                 not yet
//	  after 2 restarts or more                    at once: a kubelet may report the exit alone for minutes
//	all its containers run, and it is not Ready   after the Revision's own progress-deadline, or startTime
//	anything else                                 no
//
// A Pod that is refused before it exists, by a quota, a LimitRange or a webhook, is not seen here: Knative reports it.
func hopeless(pod *corev1.Pod) (string, time.Duration) {
	if message := unschedulable(pod); message != "" {
		return fmt.Sprintf("Pod %s: cannot be scheduled: %s", pod.Name, message), scaleUpTime
	}
	for _, st := range containerStatuses(pod) {
		crashed := st.State.Terminated != nil && st.State.Terminated.ExitCode != 0
		if waiting := st.State.Waiting; waiting != nil {
			switch waiting.Reason {
			case "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError":
				return fmt.Sprintf("Pod %s: container %s: %s: %s", pod.Name, st.Name, waiting.Reason, waiting.Message), 0
			case "CrashLoopBackOff":
				crashed = true
			}
		}
		if crashed && st.RestartCount >= hopelessRestarts {
			return fmt.Sprintf("Pod %s: container %s crashes again and again (%d restarts)", pod.Name, st.Name, st.RestartCount), 0
		}
	}
	if unprobed(pod) {
		limit := startTime
		if d, err := time.ParseDuration(pod.Annotations[serving.ProgressDeadlineAnnotationKey]); err == nil {
			limit = d
		}
		return fmt.Sprintf("Pod %s: its containers run, and the readiness probe does not pass", pod.Name), limit
	}
	return "", 0
}

// unschedulable is the scheduler's reason for having no node for a Pod.
func unschedulable(pod *corev1.Pod) string {
	for _, cond := range pod.Status.Conditions {
		if cond.Type == corev1.PodScheduled && cond.Status == corev1.ConditionFalse {
			return cond.Message
		}
	}
	return ""
}

// unprobed says whether all containers of a Pod run and only its readiness is missing. Knative's queue-proxy does the probing of
// the application, so it is the one that is not ready.
func unprobed(pod *corev1.Pod) bool {
	ready := true
	for _, st := range pod.Status.ContainerStatuses {
		if st.State.Running == nil {
			return false
		}
		ready = ready && st.Ready
	}
	return !ready && pod.DeletionTimestamp == nil
}

// containerStatuses are those of a Pod's init containers and containers; queue-proxy is last, for it fails because the
// application does.
func containerStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	out := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	slices.SortStableFunc(out, func(a, b corev1.ContainerStatus) int { return last(a) - last(b) })
	return out
}

func last(st corev1.ContainerStatus) int {
	if st.Name == queueProxy {
		return 1
	}
	return 0
}
