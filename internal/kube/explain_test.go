package kube

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// The statuses are those of a kubelet of Kubernetes 1.35.
func TestPodTrouble(t *testing.T) {
	one := func(container string) string { return `{status: {containerStatuses: [` + container + `]}}` }
	for name, tc := range map[string]struct {
		pod  string
		want []string
		log  string // the container whose log is shown
	}{
		"all is well":                    {one(`{name: app, ready: true, state: {running: {}}}`), nil, ""},
		"nothing is reported yet":        {`{}`, nil, ""},
		"image is being pulled":          {one(`{name: app, state: {waiting: {reason: ContainerCreating}}}`), nil, ""},
		"image cannot be pulled":         {one(`{name: app, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "app:1"'}}}`), []string{`container app waits (ImagePullBackOff): Back-off pulling image "app:1"`}, ""},
		"a ConfigMap is missing":         {one(`{name: app, state: {waiting: {reason: CreateContainerConfigError, message: configmap "c" not found}}}`), []string{`container app waits (CreateContainerConfigError): configmap "c" not found`}, ""},
		"crashed, and has ended":         {one(`{name: app, restartCount: 1, state: {terminated: {exitCode: 3, reason: Error}}}`), []string{"container app exited with code 3 (Error), restarted 1 times"}, "app"},
		"crashed, and waits":             {one(`{name: app, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff, message: back-off}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}`), []string{"container app exited with code 137 (OOMKilled), restarted 4 times"}, "app"},
		"crashed, and runs again":        {one(`{name: app, restartCount: 2, state: {running: {}}, lastState: {terminated: {exitCode: 1, reason: Error}}}`), []string{"container app exited with code 1 (Error), restarted 2 times"}, "app"},
		"ends well, again and again":     {one(`{name: app, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff, message: back-off 40s restarting failed container}}, lastState: {terminated: {exitCode: 0, reason: Completed}}}`), []string{"container app waits (CrashLoopBackOff): back-off 40s restarting failed container"}, ""},
		"runs, and is not ready":         {one(`{name: app, ready: false, state: {running: {}}}`), []string{"container app runs and is not ready: its readiness probe does not pass"}, ""},
		"queue-proxy's probe fails":      {one(`{name: queue-proxy, ready: false, state: {running: {}}}, {name: app, ready: true, state: {running: {}}}`), []string{"its containers run, and the readiness probe (template.containers.readiness_probe; by default a connection to the port) does not pass"}, "queue-proxy"},
		"so it does before the app runs": {one(`{name: queue-proxy, ready: false, state: {running: {}}}, {name: app, state: {waiting: {reason: ContainerCreating}}}`), nil, ""},
		"queue-proxy crashed":            {one(`{name: queue-proxy, state: {terminated: {exitCode: 1, reason: Error}}}`), nil, ""},
		"an init container has ended":    {`{status: {initContainerStatuses: [{name: init, state: {terminated: {exitCode: 0, reason: Completed}}}], containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]}}`, nil, ""},
		"an init container crashed":      {`{status: {initContainerStatuses: [{name: init, restartCount: 1, state: {waiting: {reason: CrashLoopBackOff, message: back-off}}, lastState: {terminated: {exitCode: 2, reason: Error}}}], containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]}}`, []string{"container init exited with code 2 (Error), restarted 1 times"}, "init"},
		"an init image cannot be pulled": {`{status: {initContainerStatuses: [{name: init, state: {waiting: {reason: ErrImagePull, message: not found}}}]}}`, []string{"container init waits (ErrImagePull): not found"}, ""},
		"no node has room":               {`{status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: "0/3 nodes are available: 3 Insufficient cpu."}]}}`, []string{"cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu. Its place is decided by template: resources of the containers, node_selector, affinity and tolerations."}, ""},
		"it has a node":                  {`{status: {conditions: [{type: PodScheduled, status: "True"}, {type: Ready, status: "False", message: m}]}}`, nil, ""},
		"two containers, by name":        {one(`{name: b, state: {running: {}}}, {name: a, state: {waiting: {reason: ErrImagePull, message: m}}}`), []string{"container a waits (ErrImagePull): m", "container b runs and is not ready: its readiness probe does not pass"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var pod corev1.Pod
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object(t, tc.pod).Object, &pod); err != nil {
				t.Fatal(err)
			}
			var got []string
			log := ""
			for _, trouble := range podTrouble(&pod) {
				got = append(got, trouble.text)
				log += trouble.log
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if log != tc.log {
				t.Errorf("the log of %q is shown, want that of %q", log, tc.log)
			}
		})
	}
}

const (
	failed = `
metadata: {namespace: default, name: hello}
status:
  latestCreatedRevisionName: hello-v2
  latestReadyRevisionName: hello-v1
  conditions:
  - {type: ConfigurationsReady, status: "False", reason: RevisionFailed, message: 'Revision "hello-v2" failed with message: boom.'}
  - {type: RoutesReady, status: "True", message: all is well}
  - {type: Ready, status: Unknown, reason: "", message: ""}
`
	failedRevision = `
apiVersion: serving.knative.dev/v1
kind: Revision
metadata: {namespace: default, name: hello-v2}
status:
  conditions:
  - {type: ContainerHealthy, status: "False", reason: ExitCode3, message: Container failed}
  - {type: Active, status: Unknown, reason: Deploying, message: not yet}
  - {type: ResourcesAvailable, status: "True"}
`
	crashedPods = `
apiVersion: v1
kind: PodList
metadata: {resourceVersion: "1"}
items:
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p-1}, status: {containerStatuses: [{name: app, restartCount: 1, state: {terminated: {exitCode: 3, reason: Error}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p-2}, status: {containerStatuses: [{name: app, restartCount: 1, state: {terminated: {exitCode: 3, reason: Error}}}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p-3}, status: {containerStatuses: [{name: app, ready: false, state: {running: {}}}]}}
`
)

func TestExplain(t *testing.T) {
	const conditions = `ConfigurationsReady is False (RevisionFailed): Revision "hello-v2" failed with message: boom.`
	const revision = "\nRevision hello-v2: ContainerHealthy is False (ExitCode3): Container failed"
	const pods = "\nPod p-1: container app exited with code 3 (Error), restarted 1 times"
	const log = "\n  the last log lines of app:\n    starting\n    boom"
	const waiting = "\nPod p-3: container app runs and is not ready: its readiness probe does not pass"
	all := map[string]string{
		"/apis/serving.knative.dev/v1/namespaces/default/revisions/hello-v2":                      failedRevision,
		"/api/v1/namespaces/default/pods?labelSelector=serving.knative.dev%2Frevision%3Dhello-v2": crashedPods,
		"/api/v1/namespaces/default/pods/p-1/log?container=app&previous=false&tailLines=10":       "starting\nboom\n",
	}
	without := func(part string) map[string]string {
		out := map[string]string{}
		for path, answer := range all {
			if !strings.Contains(path, part) {
				out[path] = answer
			}
		}
		return out
	}
	for name, tc := range map[string]struct {
		service string
		allowed map[string]string
		want    string
	}{
		"down to the log":           {failed, all, conditions + revision + pods + log + waiting},
		"the log may not be read":   {failed, without("/log"), conditions + revision + pods + waiting},
		"Pods may not be read":      {failed, without("/pods"), conditions + revision},
		"Revisions may not be read": {failed, without("/revisions"), conditions + pods + log + waiting},
		"nothing may be read":       {failed, nil, conditions},
		"the latest Revision is the Ready one": {
			`{metadata: {namespace: default}, status: {latestCreatedRevisionName: hello-v2, latestReadyRevisionName: hello-v2, conditions: [{type: RoutesReady, status: Unknown, reason: R, message: not yet}]}}`,
			all, "RoutesReady is Unknown (R): not yet",
		},
		"all is well": {`{metadata: {namespace: default}, status: {conditions: [{type: Ready, status: "True"}]}}`, all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
				answer, ok := tc.allowed[r.URL.RequestURI()]
				switch {
				case !ok:
					sendError(w, errForbidden)
				case strings.Contains(r.URL.Path, "/log"):
					if _, err := w.Write([]byte(answer)); err != nil {
						t.Error(err)
					}
				default:
					sendJSON(w, http.StatusOK, object(t, answer).Object)
				}
			}}
			got := connect(t, server).Explain(t.Context(), object(t, tc.service))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
