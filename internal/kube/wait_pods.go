package kube

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"knative.dev/serving/pkg/apis/serving"
)

// podWatch remembers which Revisions of a Service have a Pod that will not come up by itself.
type podWatch struct {
	nudge chan struct{}

	mu       sync.Mutex
	troubled map[string]map[string]patience // by Revision and Pod
}

// patience is how long a wait goes on with a Pod that does not come up.
type patience struct {
	why   string
	grace time.Duration
	end   time.Time
	// noNode says that no node had room for it.
	noNode bool
	// cured says that a node was found for it, or is on its way: then there is no end.
	cured bool
}

// fate is what is to be expected of a Revision's Pods: with no why, nothing is known against them.
type fate struct {
	why string
	// hopeless: it does not come up by itself. curable: somebody else may find it a node.
	hopeless, curable bool
}

func newPodWatch() *podWatch {
	return &podWatch{nudge: make(chan struct{}, 1), troubled: map[string]map[string]patience{}}
}

// follow watches the Pods until the context ends. Where they may not be watched, the wait does without.
func (p *podWatch) follow(ctx context.Context, c *Client, ref Ref) {
	for ; ctx.Err() == nil; sleep(ctx, time.Second) { // a watch ends after some minutes, or when a proxy cuts it
		w, err := c.dynamic.Resource(Pod.GroupVersionResource).Namespace(ref.Namespace).Watch(ctx, metav1.ListOptions{LabelSelector: serving.ServiceLabelKey + "=" + ref.Name})
		switch {
		case Unreachable(err):
			continue
		case err != nil:
			return
		}
		for event := range w.ResultChan() {
			var pod corev1.Pod
			u, ok := event.Object.(*unstructured.Unstructured)
			if !ok || event.Type == watch.Error || runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &pod) != nil {
				continue
			}
			if p.see(&pod, event.Type == watch.Deleted, time.Now()) {
				go p.askAutoscaler(ctx, c, &pod)
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

// see takes note of a Pod, and says whether it is the first time that no node has room for it.
func (p *podWatch) see(pod *corev1.Pod, gone bool, now time.Time) bool {
	why, grace := hopeless(pod)
	noNode := unschedulable(pod) != ""
	p.mu.Lock()
	defer p.mu.Unlock()
	ofRevision := p.troubled[pod.Labels[serving.RevisionLabelKey]]
	if ofRevision == nil {
		ofRevision = map[string]patience{}
		p.troubled[pod.Labels[serving.RevisionLabelKey]] = ofRevision
	}
	before, known := ofRevision[pod.Name]
	switch {
	case gone:
		delete(ofRevision, pod.Name)
	case why == "" && before.noNode && !ready(pod): // Knative takes its False back no sooner than the Pod is Ready
		ofRevision[pod.Name] = patience{why: fmt.Sprintf("Pod %s: a node was found, and it starts", pod.Name), noNode: true, cured: true}
	case why == "":
		delete(ofRevision, pod.Name)
	case known && grace > 0 && grace == before.grace: // the same trouble, perhaps in other words
		before.why = why
		ofRevision[pod.Name] = before
	default:
		ofRevision[pod.Name] = patience{why: why, grace: grace, end: now.Add(grace), noNode: noNode}
	}
	select {
	case p.nudge <- struct{}{}:
	default: // one is on its way
	}
	return noNode && !gone && !before.noNode
}

func ready(pod *corev1.Pod) bool {
	for _, cond := range pod.Status.Conditions {
		if cond.Type == corev1.PodReady {
			return cond.Status == corev1.ConditionTrue
		}
	}
	return false
}

// of is what is to be expected of a Revision's Pods.
func (p *podWatch) of(revision string, now time.Time) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out fate
	for _, t := range p.troubled[revision] {
		if !t.cured && !now.Before(t.end) {
			return fate{why: t.why, hopeless: true}
		}
		if !out.curable {
			out = fate{why: t.why, curable: t.noNode}
		}
	}
	return out
}

// scaleUpReasons are the events by which an autoscaler says that it adds a node for a Pod: the Cluster Autoscaler (ACK's node
// auto scaling is one), Karpenter, and ACK's node instant scaling.
var scaleUpReasons = []string{"TriggeredScaleUp", "Nominated", "ProvisionNode"}

// askAutoscaler looks, when the patience with a Pod that no node has room for is at its end, whether a node is on its way.
func (p *podWatch) askAutoscaler(ctx context.Context, c *Client, pod *corev1.Pod) {
	sleep(ctx, scaleUpTime)
	events, err := c.dynamic.Resource(Event.GroupVersionResource).Namespace(pod.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(pod.UID)).String(),
	})
	if err != nil || !slices.ContainsFunc(events.Items, func(e unstructured.Unstructured) bool {
		reason, _, _ := unstructured.NestedString(e.Object, "reason")
		return slices.Contains(scaleUpReasons, reason)
	}) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, ok := p.troubled[pod.Labels[serving.RevisionLabelKey]][pod.Name]; ok {
		t.cured = true
		p.troubled[pod.Labels[serving.RevisionLabelKey]][pod.Name] = t
	}
}
