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
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// One line a row of hopeless' table.
func TestHopeless(t *testing.T) {
	waits := func(reason, restarts string) string {
		return `{metadata: {name: p}, status: {containerStatuses: [{name: queue-proxy, state: {running: {}}}, {name: app, restartCount: ` + restarts + `, state: {waiting: {reason: ` + reason + `, message: m}}}]}}`
	}
	for name, tc := range map[string]struct{ pod, want string }{
		"ErrImagePull":                 {waits("ErrImagePull", "0"), ""},
		"ImagePullBackOff":             {waits("ImagePullBackOff", "0"), "Pod p: container app: ImagePullBackOff: m"},
		"InvalidImageName":             {waits("InvalidImageName", "0"), "Pod p: container app: InvalidImageName: m"},
		"ErrImageNeverPull":            {waits("ErrImageNeverPull", "0"), "Pod p: container app: ErrImageNeverPull: m"},
		"CreateContainerConfigError":   {waits("CreateContainerConfigError", "0"), "Pod p: container app: CreateContainerConfigError: m"},
		"CreateContainerError":         {waits("CreateContainerError", "0"), "Pod p: container app: CreateContainerError: m"},
		"CrashLoopBackOff, 1 restart":  {waits("CrashLoopBackOff", "1"), ""},
		"CrashLoopBackOff, 2 restarts": {waits("CrashLoopBackOff", "2"), "Pod p: container app crashes again and again (2 restarts)"},
		"ContainerCreating":            {waits("ContainerCreating", "9"), ""},
		"runs":                         {`{status: {containerStatuses: [{name: app, restartCount: 9, state: {running: {}}}]}}`, ""},
		"has ended":                    {`{status: {containerStatuses: [{name: app, restartCount: 9, state: {terminated: {exitCode: 1}}}]}}`, ""},
		"nothing is reported yet":      {`{}`, ""},
		"an init container": {
			`{metadata: {name: p}, status: {initContainerStatuses: [{name: init, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}}], containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]}}`,
			"Pod p: container init crashes again and again (3 restarts)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pod corev1.Pod
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object(t, tc.pod).Object, &pod); err != nil {
				t.Fatal(err)
			}
			if got := hopeless(&pod); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// pod is one of a Revision, with its container waiting for a reason.
func pod(t *testing.T, revision, reason string) *unstructured.Unstructured {
	t.Helper()
	return object(t, `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p, resourceVersion: "1", labels: {serving.knative.dev/revision: `+revision+`}},
		status: {containerStatuses: [{name: app, restartCount: 2, state: {waiting: {reason: `+reason+`, message: m}}}]}}`)
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
		pods     []event // nil where they may not be watched
		want     string  // of the failure
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
				var watched [2]atomic.Int32
				server := &api{answer: func(w http.ResponseWriter, r *http.Request, verb string) {
					services := strings.HasSuffix(r.URL.Path, "/services")
					switch {
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
				for i, what := range []string{"watch services", "watch pods"} {
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
