package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/serving"
)

// hopelessRestarts is how often a container of a new Revision may crash before it is given up: once may be a dependency
// that came up later.
const hopelessRestarts = 2

// WaitReady waits until a Service is Ready at the generation of the object that a write returned. It watches the Service's
// Pods as well: Knative itself goes on hoping for a Revision that crashes, or whose image is not there, for ten minutes
// (progress-deadline in config-deployment).
func (c *Client) WaitReady(ctx context.Context, ref Ref, from *unstructured.Unstructured, report func(string)) (*unstructured.Unstructured, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pods := &podWatch{nudge: make(chan struct{}, 1), hopeless: map[string]map[string]string{}}
	ready := Until(apis.ConditionReady, from.GetGeneration())
	w := &waiting{report: report, nudge: pods.nudge, look: func(u *unstructured.Unstructured) (Progress, string) {
		progress, text := ready(u)
		if progress != Pending || u == nil {
			return progress, text
		}
		if why := pods.why(latestCreated(u, from.GetGeneration())); why != "" {
			return Failing, why
		}
		return progress, text
	}}
	if progress, _ := ready(from); progress != Done {
		go pods.follow(ctx, c, ref)
	}
	return c.wait(ctx, ref, from, w)
}

// latestCreated is the Revision that a Service is rolling out, or empty while its status speaks of an older generation.
func latestCreated(u *unstructured.Unstructured, generation int64) string {
	if observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); observed < generation {
		return ""
	}
	name, _, _ := unstructured.NestedString(u.Object, "status", "latestCreatedRevisionName")
	return name
}

// podWatch remembers which Revisions of a Service have a Pod that will not come up by itself.
type podWatch struct {
	nudge chan struct{}

	mu       sync.Mutex
	hopeless map[string]map[string]string // by Revision and Pod
}

// follow watches the Pods until the context ends. Where they may not be watched, the wait does without.
func (p *podWatch) follow(ctx context.Context, c *Client, ref Ref) {
	for ; ctx.Err() == nil; sleep(ctx, time.Second) { // a watch ends after some minutes, or when a proxy cuts it
		w, err := c.dynamic.Resource(Pod.GroupVersionResource).Namespace(ref.Namespace).Watch(ctx, metav1.ListOptions{LabelSelector: serving.ServiceLabelKey + "=" + ref.Name})
		if err != nil {
			return
		}
		for event := range w.ResultChan() {
			if u, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Error {
				p.see(u, event.Type == watch.Deleted)
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (p *podWatch) see(u *unstructured.Unstructured, gone bool) {
	var pod corev1.Pod
	if runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &pod) != nil {
		return
	}
	why := hopeless(&pod)
	p.mu.Lock()
	ofRevision := p.hopeless[pod.Labels[serving.RevisionLabelKey]]
	if ofRevision == nil {
		ofRevision = map[string]string{}
		p.hopeless[pod.Labels[serving.RevisionLabelKey]] = ofRevision
	}
	if ofRevision[pod.Name] = why; why == "" || gone {
		delete(ofRevision, pod.Name)
	}
	p.mu.Unlock()
	select {
	case p.nudge <- struct{}{}:
	default: // one is on its way
	}
}

func (p *podWatch) why(revision string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, why := range p.hopeless[revision] {
		return why
	}
	return ""
}

// hopeless says what keeps a Pod from ever coming up by itself, or nothing:
//
//	container waits with                         hopeless
//	ErrImagePull                                 not yet: it is the first try that failed
//	ImagePullBackOff, InvalidImageName, …        yes
//	CrashLoopBackOff, fewer than 2 restarts      not yet
//	CrashLoopBackOff, 2 restarts or more         yes
//	anything else                                no
func hopeless(pod *corev1.Pod) string {
	for _, st := range append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...) {
		if st.State.Waiting == nil {
			continue
		}
		switch st.State.Waiting.Reason {
		case "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError":
			return fmt.Sprintf("Pod %s: container %s: %s: %s", pod.Name, st.Name, st.State.Waiting.Reason, st.State.Waiting.Message)
		case "CrashLoopBackOff":
			if st.RestartCount >= hopelessRestarts {
				return fmt.Sprintf("Pod %s: container %s crashes again and again (%d restarts)", pod.Name, st.Name, st.RestartCount)
			}
		}
	}
	return ""
}
