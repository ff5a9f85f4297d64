package kube

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"knative.dev/pkg/apis"
)

func TestWaitWhereWatchIsForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		server := &api{}
		server.answer = func(w http.ResponseWriter, r *http.Request, verb string) {
			switch {
			case verb == "watch":
				sendError(w, errForbidden)
			case time.Since(begin) >= 10*time.Second || len(server.asked()) > 1000:
				stored(service(9, 2, 2, "True", ""))(w, r)
			default:
				stored(service(9, 2, 2, "Unknown", "Deploying"))(w, r)
			}
		}
		_, err := connectInMemory(t, server).Wait(t.Context(), hello, service(1, 2, 1, "True", ""), Until(apis.ConditionReady, 2), func(string) {})
		if asked := len(server.asked()); asked > 50 {
			t.Errorf("%d requests in %s; ends with %v", asked, time.Since(begin), err)
		}
	})
}

func TestWaitThatIsLateGivesTheObject(t *testing.T) {
	lost := 0
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			server := newCluster(t, [][]event{{modified(time.Second, service(2, 2, 2, "Unknown", "Deploying"))}})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if got, _ := connectInMemory(t, &server.api).Wait(ctx, hello, service(1, 2, 1, "True", ""), Until(apis.ConditionReady, 2), func(string) {}); got == nil {
				lost++
			}
		})
	}
	if lost > 0 {
		t.Errorf("%d of 100 late waits give no object", lost)
	}
}

func TestWaitReadyWhenThePodRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rolling := service(1, 2, 2, "Unknown", "Deploying")
		_ = unstructured.SetNestedField(rolling.Object, "hello-v2", "status", "latestCreatedRevisionName")
		well := object(t, `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p, resourceVersion: "2", labels: {serving.knative.dev/revision: hello-v2}}, status: {containerStatuses: [{name: app, state: {running: {}}}]}}`)
		server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
			if strings.HasSuffix(r.URL.Path, "/pods") {
				play(w, r, []event{modified(1*time.Second, pod(t, "hello-v2", "ImagePullBackOff")), modified(2*time.Second, well)})
				return
			}
			play(w, r, []event{modified(5*time.Second, service(2, 2, 2, "True", ""))})
		}}
		if _, err := connectInMemory(t, server).WaitReady(t.Context(), hello, rolling, func(string) {}); err != nil {
			t.Errorf("got %v after the Pod was well again", err)
		}
	})
}

func TestDescribeTheEndOfAWait(t *testing.T) {
	for name, err := range map[string]error{
		"deleted":     ErrDeleted,
		"timed out":   &TimeoutError{"being deleted; its finalizers wait for their controllers: [x]"},
		"interrupted": ErrInterrupted,
	} {
		t.Run(name, func(t *testing.T) {
			if p := Describe("Waiting for", hello, err); p.Summary == "Cluster unreachable" {
				t.Errorf("got %s", p)
			}
		})
	}
}

func TestDescribeForbiddenByOthersThanRBAC(t *testing.T) {
	for name, err := range map[string]*apierrors.StatusError{
		"the namespace goes":              apierrors.NewForbidden(services, "hello", errors.New("unable to create new content in namespace default because it is being terminated")),
		"quota":                           apierrors.NewForbidden(services, "hello", errors.New("exceeded quota: objects, requested: count/services.serving.knative.dev=1, used: count/services.serving.knative.dev=5, limited: count/services.serving.knative.dev=5")),
		"a policy with reason: Forbidden": {ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: errDeniedByPolicy.ErrStatus.Message}},
	} {
		t.Run(name, func(t *testing.T) {
			if p := Describe("Applying", hello, overHTTP(t, status(err))); strings.Contains(p.Detail, "Give this identity the verb") {
				t.Errorf("got %s", p)
			}
		})
	}
}

func TestNewTellsNoSecret(t *testing.T) {
	for name, s := range map[string]Settings{
		"proxy": {Host: "https://api", ProxyURL: "http://me:s3cret@proxy:port"},
		"host":  {Host: "https://me:s3cret@api:port"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(s); err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestExplicitCredentialsWin(t *testing.T) {
	outside(t)
	tokenFile := write(t, "token", "file-token")
	script := write(t, "exec.sh", `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "exec-token"}}'`)
	exec := &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: "sh", Args: []string{script}, InteractiveMode: clientcmdapi.NeverExecInteractiveMode}
	for name, tc := range map[string]struct {
		user     string
		settings Settings
		want     string
	}{
		"token over token file": {`{tokenFile: ` + tokenFile + `}`, Settings{Token: "mine"}, "Bearer mine"},
		"token over password":   {`{username: u, password: p}`, Settings{Token: "mine"}, "Bearer mine"},
		"password over token":   {`{token: theirs}`, Settings{Username: "me", Password: "mine"}, "Basic bWU6bWluZQ=="},
		"exec over token":       {`{token: theirs}`, Settings{Exec: exec}, "Bearer exec-token"},
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Value
			server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got.Store(r.Header.Get("Authorization")) }))
			defer server.Close()
			tc.settings.ConfigPaths = []string{write(t, "kubeconfig", `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], clusters: [{name: a, cluster: {insecure-skip-tls-verify: true, server: "`+server.URL+`"}}], users: [{name: a, user: `+tc.user+`}]}`)}
			cfg, err := tc.settings.RESTConfig()
			if err != nil {
				t.Fatal(err)
			}
			client, err := rest.HTTPClientFor(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Get(server.URL); err != nil {
				t.Fatal(err)
			}
			if got.Load() != tc.want {
				t.Errorf("the server sees %q, want %q", got.Load(), tc.want)
			}
		})
	}
}

func TestValidateServiceLeavesToTheClusterWhatIsTheClusters(t *testing.T) {
	for name, text := range map[string]string{
		"capabilities (flag kubernetes.containerspec-addcapabilities)": `{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: app, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}}}}`,
		"max-revision-timeout-seconds is an hour":                      `{metadata: {name: hello}, spec: {template: {spec: {timeoutSeconds: 3600, containers: [{image: app}]}}}}`,
		"container-concurrency-max-limit is 2000":                      `{metadata: {name: hello}, spec: {template: {spec: {containerConcurrency: 2000, containers: [{image: app}]}}}}`,
		"allow-zero-initial-scale":                                     `{metadata: {name: hello}, spec: {template: {metadata: {annotations: {autoscaling.knative.dev/initial-scale: "0"}}, spec: {containers: [{image: app}]}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := ValidateService(object(t, text).Object); len(got) > 0 {
				t.Errorf("refused: %v", got)
			}
		})
	}
}

func TestValidateServiceOfSeveralContainers(t *testing.T) {
	for name, text := range map[string]string{
		"the second has no image": `{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: app, ports: [{containerPort: 80}]}, {args: [x]}]}}}}`,
		"the init has no image":   `{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: app}], initContainers: [{args: [x]}]}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := ValidateService(object(t, text).Object); len(got) == 0 {
				t.Error("let through")
			}
		})
	}
}

func TestWithoutDefaultsToTheLast(t *testing.T) {
	for name, tc := range map[string]struct{ stored, want string }{
		"an annotation of Knative that a user decides on": {
			`{metadata: {name: hello, annotations: {serving.knative.dev/creator: me, serving.knative.dev/rollout-duration: 60s}}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
			`{metadata: {name: hello, annotations: {serving.knative.dev/rollout-duration: 60s}}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
		},
		"defaults inside a probe of one's own": {
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 5, successThreshold: 1, failureThreshold: 3, timeoutSeconds: 1}}]}}}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 5}}]}}}}`,
		},
		"a mount of a secret": {
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, volumeMounts: [{name: v, mountPath: /v, readOnly: true}]}], volumes: [{name: v, secret: {secretName: s}}]}}}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, secret: {secretName: s}}]}}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := WithoutDefaults(object(t, tc.stored))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, tc.want).Object, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPodTroubleOfThePast(t *testing.T) {
	var p corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object(t, `{status: {containerStatuses: [{name: app, ready: true, restartCount: 1, state: {running: {}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}}`).Object, &p); err != nil {
		t.Fatal(err)
	}
	if got := podTrouble(&p); len(got) != 0 {
		t.Errorf("got %v for a container that is ready", got)
	}
}

func TestLastWordsOfAnInitContainer(t *testing.T) {
	server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/log"):
			if got := r.URL.Query().Get("previous"); got != "false" {
				t.Errorf("asks for the container before the first: previous=%s", got)
			}
		case strings.HasSuffix(r.URL.Path, "/pods"):
			sendJSON(w, http.StatusOK, object(t, `{apiVersion: v1, kind: PodList, items: [{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: p}, status: {initContainerStatuses: [{name: init, state: {terminated: {exitCode: 2, reason: Error}}}]}}]}`).Object)
		default:
			sendError(w, errNotFound)
		}
	}}
	connect(t, server).Explain(t.Context(), object(t, `{metadata: {namespace: default}, status: {latestCreatedRevisionName: hello-v2}}`))
}
