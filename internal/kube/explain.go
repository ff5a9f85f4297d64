package kube

import (
	"context"
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/serving/pkg/apis/serving"
)

// queueProxy is the name that Knative reserves for its sidecar (knative.dev/serving pkg/apis/serving/k8s_validation.go).
const queueProxy = "queue-proxy"

// logLines is how much of a container's log an error shows.
const logLines = 10

// Explain says why a Service is not Ready, from its conditions down to the Pods of its latest Revision and the last log
// lines of a crash. What may not be read is left out.
func (c *Client) Explain(ctx context.Context, u *unstructured.Unstructured) string {
	s, err := AsService(u)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, cond := range s.Status.Conditions {
		if !cond.IsTrue() && cond.Message != "" {
			lines = append(lines, fmt.Sprintf("%s is %s (%s): %s", cond.Type, cond.Status, cond.Reason, cond.Message))
		}
	}
	if s.Status.LatestCreatedRevisionName != "" && s.Status.LatestCreatedRevisionName != s.Status.LatestReadyRevisionName {
		lines = append(lines, c.explainRevision(ctx, s.Namespace, s.Status.LatestCreatedRevisionName)...)
	}
	return strings.Join(lines, "\n")
}

func (c *Client) explainRevision(ctx context.Context, namespace, name string) []string {
	var lines []string
	if u, err := c.Get(ctx, Ref{Revision, namespace, name}); err == nil && u != nil {
		if rev, err := AsRevision(u); err == nil {
			for _, cond := range rev.Status.Conditions {
				if cond.IsFalse() && cond.Message != "" {
					lines = append(lines, fmt.Sprintf("Revision %s: %s is False (%s): %s", name, cond.Type, cond.Reason, cond.Message))
				}
			}
		}
	}
	pods, err := c.dynamic.Resource(Pod.GroupVersionResource).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: serving.RevisionLabelKey + "=" + name})
	if err != nil {
		return lines
	}
	seen := map[string]bool{}
	for i := range pods.Items {
		var pod corev1.Pod
		if runtime.DefaultUnstructuredConverter.FromUnstructured(pods.Items[i].Object, &pod) != nil {
			continue
		}
		for _, trouble := range podTrouble(&pod) {
			if seen[trouble.text] { // ten Pods with one fault are one fault
				continue
			}
			seen[trouble.text] = true
			lines = append(lines, fmt.Sprintf("Pod %s: %s", pod.Name, trouble.text))
			if trouble.log != "" {
				lines = append(lines, c.lastWords(ctx, &pod, trouble.log)...)
			}
		}
	}
	return lines
}

// trouble is one thing that is wrong with a Pod.
type trouble struct {
	text string
	// log names the container whose log tells more.
	log string
}

// podTrouble reads what keeps a Pod from being Ready.
func podTrouble(pod *corev1.Pod) []trouble {
	var out []trouble
	if message := unschedulable(pod); message != "" {
		out = append(out, trouble{text: "cannot be scheduled: " + message + " Its place is decided by template: resources of the containers, node_selector, affinity and tolerations."})
	}
	statuses := containerStatuses(pod)
	sort.SliceStable(statuses, func(i, j int) bool { return statuses[i].Name < statuses[j].Name })
	for _, st := range statuses {
		if st.Name == queueProxy || st.Ready {
			continue // queue-proxy fails because the application does; what is ready has got over its past
		}
		dead := st.LastTerminationState.Terminated
		if st.State.Terminated != nil {
			dead = st.State.Terminated
		}
		switch {
		case dead != nil && dead.ExitCode != 0:
			out = append(out, trouble{fmt.Sprintf("container %s exited with code %d (%s), restarted %d times", st.Name, dead.ExitCode, dead.Reason, st.RestartCount), st.Name})
		case st.State.Waiting != nil && st.State.Waiting.Message != "":
			out = append(out, trouble{text: fmt.Sprintf("container %s waits (%s): %s", st.Name, st.State.Waiting.Reason, st.State.Waiting.Message)})
		case st.State.Running != nil && !st.Ready:
			out = append(out, trouble{text: fmt.Sprintf("container %s runs and is not ready: its readiness probe does not pass", st.Name)})
		}
	}
	if len(out) == 0 && unprobed(pod) {
		out = append(out, trouble{"its containers run, and the readiness probe (template.containers.readiness_probe; by default a connection to the port) does not pass", queueProxy})
	}
	return out
}

// lastWords are the last log lines of a container: of its last run where that crashed.
func (c *Client) lastWords(ctx context.Context, pod *corev1.Pod, container string) []string {
	previous := false
	for _, st := range containerStatuses(pod) {
		if st.Name == container && st.State.Terminated == nil && st.LastTerminationState.Terminated != nil {
			previous = true
		}
	}
	log, err := c.core.Get().Namespace(pod.Namespace).Resource("pods").Name(pod.Name).SubResource("log").
		Param("container", container).Param("previous", fmt.Sprint(previous)).Param("tailLines", fmt.Sprint(logLines)).DoRaw(ctx)
	text := strings.TrimSpace(string(log))
	if err != nil || text == "" {
		return nil
	}
	return []string{fmt.Sprintf("  the last log lines of %s:", container), "    " + strings.ReplaceAll(text, "\n", "\n    ")}
}
