package kube

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// pod is one of a Revision, with its container waiting for a reason.
func pod(t *testing.T, revision, reason string) *unstructured.Unstructured {
	t.Helper()
	return object(t, `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p, resourceVersion: "1", labels: {serving.knative.dev/revision: `+revision+`}},
		status: {containerStatuses: [{name: app, restartCount: 2, state: {waiting: {reason: `+reason+`, message: m}}}]}}`)
}

func unscheduled(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return object(t, `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p, uid: u, resourceVersion: "1", labels: {serving.knative.dev/revision: hello-v2}},
		status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: no node}]}}`)
}

func scheduled(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return object(t, `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p, uid: u, resourceVersion: "2", labels: {serving.knative.dev/revision: hello-v2}},
		status: {conditions: [{type: PodScheduled, status: "True"}]}}`)
}

func eventList(reasons []string) map[string]any {
	items := []any{}
	for _, r := range reasons {
		items = append(items, map[string]any{"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"name": r, "namespace": "default"}, "reason": r})
	}
	return map[string]any{"apiVersion": "v1", "kind": "EventList", "metadata": map[string]any{"resourceVersion": "1"}, "items": items}
}

func TestWaitReady(t *testing.T) {
	const s = time.Second
	rolling := func(version, observed int, ready string) *unstructured.Unstructured {
		u := service(version, 2, observed, ready, "Deploying")
		if err := unstructured.SetNestedField(u.Object, "hello-v2", "status", "latestCreatedRevisionName"); err != nil {
			t.Fatal(err)
		}
		return u
	}
	added := func(at time.Duration, u *unstructured.Unstructured) event { return event{at, watch.Added, u.Object} }
	for name, tc := range map[string]struct {
		from     *unstructured.Unstructured
		services []event
		pods     []event  // nil where they may not be watched
		events   []string // the reasons of the Pod's
		want     string   // of the failure
		took     time.Duration
		asked    []string
	}{
		"Ready from the start: nobody is asked": {
			from: rolling(1, 2, "True"), pods: []event{},
		},
		"Ready by an event": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(5*s, rolling(2, 2, "True"))}, pods: []event{},
			took: 5 * s, asked: []string{"watch pods", "watch services"},
		},
		"an image that is not there ends the wait": {
			from: rolling(1, 2, "Unknown"), pods: []event{added(1*s, pod(t, "hello-v2", "ErrImagePull")), modified(10*s, pod(t, "hello-v2", "ImagePullBackOff"))},
			want: "Pod p: container app: ImagePullBackOff: m", took: 12 * s, asked: []string{"watch pods", "watch services"},
		},
		"so does a crash": {
			from: rolling(1, 2, "Unknown"), pods: []event{added(0, pod(t, "hello-v2", "CrashLoopBackOff"))},
			want: "Pod p: container app crashes again and again (2 restarts)", took: 2 * s, asked: []string{"watch pods", "watch services"},
		},
		"no node has room, and Knative gives up at once": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(1*s, rolling(2, 2, "False"))}, pods: []event{added(0, unscheduled(t))},
			want: "Pod p: cannot be scheduled: no node", took: scaleUpTime + 2*s, asked: []string{"list events", "watch pods", "watch services"},
		},
		"no node has room, and an autoscaler adds one": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(1*s, rolling(2, 2, "False")), modified(150*s, rolling(3, 2, "True"))}, pods: []event{added(0, unscheduled(t))},
			events: []string{"FailedScheduling", "TriggeredScaleUp"},
			took:   150 * s, asked: []string{"list events", "watch pods", "watch services"},
		},
		"no node has room for some seconds": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(1*s, rolling(2, 2, "False")), modified(90*s, rolling(3, 2, "True"))},
			pods: []event{added(0, unscheduled(t)), modified(20*s, scheduled(t))},
			took: 90 * s, asked: []string{"list events", "watch pods", "watch services"},
		},
		"another Revision's Pod": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(60*s, rolling(2, 2, "True"))}, pods: []event{added(0, pod(t, "hello-v1", "CrashLoopBackOff"))},
			took: 60 * s, asked: []string{"watch pods", "watch services"},
		},
		"a Pod of what Knative has not taken up": {
			from: rolling(1, 1, "False"), services: []event{modified(60*s, rolling(2, 2, "True"))}, pods: []event{added(0, pod(t, "hello-v2", "CrashLoopBackOff"))},
			took: 60 * s, asked: []string{"watch pods", "watch services"},
		},
		"a Pod that is gone": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(60*s, rolling(2, 2, "True"))}, pods: []event{{1 * s, watch.Deleted, pod(t, "hello-v2", "CrashLoopBackOff").Object}},
			took: 60 * s, asked: []string{"watch pods", "watch services"},
		},
		"Ready all the same": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(3*s, rolling(2, 2, "True"))}, pods: []event{added(2*s, pod(t, "hello-v2", "ImagePullBackOff"))},
			took: 3 * s, asked: []string{"watch pods", "watch services"},
		},
		"the watch of the Pods ends: another": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(8*s, rolling(2, 2, "True"))}, pods: []event{cut(5 * s)},
			took: 8 * s, asked: []string{"watch pods", "watch pods", "watch services"},
		},
		"Pods may not be watched": {
			from: rolling(1, 2, "Unknown"), services: []event{modified(60*s, rolling(2, 2, "True"))},
			took: 60 * s, asked: []string{"watch pods", "watch services"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var watched [3]atomic.Int32
				server := &api{answer: func(w http.ResponseWriter, r *http.Request, verb string) {
					services := strings.HasSuffix(r.URL.Path, "/services")
					switch {
					case verb == "list" && strings.HasSuffix(r.URL.Path, "/events"):
						watched[2].Add(1)
						sendJSON(w, http.StatusOK, eventList(tc.events))
					case verb != "watch":
						t.Errorf("asked to %s %s", verb, r.URL)
					case services:
						watched[0].Add(1)
						play(w, r, tc.services)
					case watched[1].Add(1) == 1 && tc.pods == nil:
						sendError(w, errForbidden)
					case watched[1].Load() > 1:
						play(w, r, nil)
					default:
						if got := r.URL.Query().Get("labelSelector"); got != "serving.knative.dev/service=hello" {
							t.Errorf("watches Pods by %q", got)
						}
						play(w, r, tc.pods)
					}
				}}
				begin := time.Now()
				_, err := connectInMemory(t, server).WaitReady(t.Context(), hello, tc.from, func(string) {})
				var failed *FailedError
				if got := errorText(err); got != tc.want || (tc.want != "" && !errors.As(err, &failed)) {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				if took := time.Since(begin); took < tc.took || took > tc.took+settleTime/4 {
					t.Errorf("took %s, want %s", took, tc.took)
				}
				var asked []string
				for i, what := range []string{"watch services", "watch pods", "list events"} {
					asked = append(asked, slices.Repeat([]string{what}, int(watched[i].Load()))...)
				}
				slices.Sort(asked)
				if diff := cmp.Diff(tc.asked, asked); diff != "" {
					t.Errorf("-want +asked:\n%s", diff)
				}
			})
		})
	}
}
