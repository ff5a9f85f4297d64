package kube

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/pkg/apis"
)

// WaitReady waits until a Service is Ready at the generation of the object that a write returned. It watches the Service's
// Pods as well: Knative itself goes on hoping for a Revision that crashes, or whose image is not there, for ten minutes
// (progress-deadline in config-deployment).
func (c *Client) WaitReady(ctx context.Context, ref Ref, from *unstructured.Unstructured, report func(string)) (*unstructured.Unstructured, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pods := newPodWatch()
	ready := Until(apis.ConditionReady, from.GetGeneration())
	w := &waiting{report: report, nudge: pods.nudge, look: func(u *unstructured.Unstructured) (Progress, string) {
		progress, text := ready(u)
		if progress == Done || u == nil {
			return progress, text
		}
		return withPods(progress, text, pods.of(latestCreated(u, from.GetGeneration()), time.Now()))
	}}
	if progress, _ := ready(from); progress != Done {
		go pods.follow(ctx, c, ref)
	}
	return c.wait(ctx, ref, from, w)
}

// withPods judges a Service that is not Ready by its conditions and by the Pods of the Revision that it rolls out:
//
//	conditions   Pods                          progress
//	any          hopeless                      Failing
//	any          without a node, perhaps soon  Pending: Knative gives up on those at once, and an autoscaler adds nodes
//	False        not up yet, or all is well    Failing
//	Unknown      not up yet, or all is well    Pending
func withPods(progress Progress, text string, pods fate) (Progress, string) {
	switch {
	case pods.hopeless:
		return Failing, pods.why
	case pods.curable, pods.why != "" && progress == Pending:
		return Pending, pods.why
	}
	return progress, text
}

// latestCreated is the Revision that a Service is rolling out, or empty while its status speaks of an older generation.
func latestCreated(u *unstructured.Unstructured, generation int64) string {
	if observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); observed < generation {
		return ""
	}
	name, _, _ := unstructured.NestedString(u.Object, "status", "latestCreatedRevisionName")
	return name
}
