package admission

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsonpatchapply "github.com/evanphx/json-patch/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"gomodules.xyz/jsonpatch/v2"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"knative.dev/pkg/system"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts/factstest"
)

// injection works in a cluster with Knative's default ConfigMaps, and whatever else is given.
func injection(t *testing.T, objects ...client.Object) (*Injection, *events.FakeRecorder) {
	t.Helper()
	t.Setenv(system.NamespaceEnvKey, factstest.Knative)
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	objects = append(objects, factstest.ConfigMaps()...)
	c, recorder := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), events.NewFakeRecorder(10)
	return &Injection{Cache: c, Injector: facts.NewKnative(c, factstest.Knative, recorder).Injector, Events: recorder}, recorder
}

func podRequest(raw []byte) admission.Request {
	req := request(create, "pods", "ann", nil, raw)
	req.Namespace = "shop"
	return req
}

// TestInjectGolden: what the webhook answers about each Pod of package sidecar's shapes is what that package's goldens say.
func TestInjectGolden(t *testing.T) {
	const testdata = "../../internal/sidecar/testdata"
	files, err := filepath.Glob(testdata + "/*.golden.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".golden.json")
		t.Run(name, func(t *testing.T) {
			var golden struct {
				Patch   []jsonpatch.Operation
				Refusal *sidecar.Refusal
				Skip    bool
			}
			if err := json.Unmarshal(load(t, file), &golden); err != nil {
				t.Fatal(err)
			}
			ns, pod := shape(t, filepath.Join(testdata, name+".yaml"))
			i, recorder := injection(t, ns)
			resp := i.Handle(t.Context(), podRequest(pod))
			if !resp.Allowed {
				t.Fatalf("the Pod cannot be made: %+v", resp.Result)
			}
			if golden.Refusal != nil {
				checkRefused(t, resp, recorder, golden.Refusal)
				return
			}
			if got, want := apply(t, pod, resp.Patches), apply(t, pod, golden.Patch); !jsonpatchapply.Equal(got, want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
			if len(recorder.Events) != 0 || len(resp.Warnings) != 0 {
				t.Errorf("%d Events, warnings %v", len(recorder.Events), resp.Warnings)
			}
		})
	}
}

func checkRefused(t *testing.T, resp admission.Response, recorder *events.FakeRecorder, want *sidecar.Refusal) {
	t.Helper()
	if len(resp.Patches) != 0 || !strings.Contains(resp.AuditAnnotations["queue-proxy"], want.String()) {
		t.Errorf("patches %v, audit %v", resp.Patches, resp.AuditAnnotations)
	}
	if warned := len(resp.Warnings) == 1 && strings.Contains(resp.Warnings[0], want.String()); warned == want.Reason.IsSkip() {
		t.Errorf("warnings %v", resp.Warnings)
	}
	if want.Reason == sidecar.NotAsked { // most Pods of a cluster
		if len(recorder.Events) != 0 {
			t.Errorf("an Event: %s", <-recorder.Events)
		}
		return
	}
	kind := "Warning "
	if want.Reason.IsSkip() {
		kind = "Normal "
	}
	if len(recorder.Events) != 1 {
		t.Fatalf("%d Events", len(recorder.Events))
	}
	if e := <-recorder.Events; !strings.HasPrefix(e, kind+string(want.Reason)) || !strings.Contains(e, want.String()) {
		t.Errorf("Event %q", e)
	}
}

// TestInjectStopsNothing: whatever fails, the Pod is made as it was sent, and somebody is told.
func TestInjectStopsNothing(t *testing.T) {
	_, pod := shape(t, "../../internal/sidecar/testdata/one-container.yaml")
	for name, tc := range map[string]struct {
		raw      []byte
		injector func(context.Context) (*sidecar.Injector, error)
		says     string
	}{
		"no configuration": {pod, func(context.Context) (*sidecar.Injector, error) { return nil, errors.New("no ConfigMaps") }, "no ConfigMaps"},
		"a panic":          {pod, func(context.Context) (*sidecar.Injector, error) { panic("out of luck") }, "out of luck"},
		"not a Pod":        {[]byte(`[]`), nil, "cannot unmarshal"},
		"nothing":          {nil, nil, "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			i, _ := injection(t)
			i.Injector = tc.injector
			before := testutil.ToFloat64(injections.WithLabelValues(failed, string(guardFailed)))
			resp := i.Handle(t.Context(), podRequest(tc.raw))
			if !resp.Allowed || len(resp.Patches) != 0 || len(resp.Warnings) != 1 || !strings.Contains(resp.Warnings[0], tc.says) {
				t.Errorf("%+v", resp)
			}
			if got := testutil.ToFloat64(injections.WithLabelValues(failed, string(guardFailed))) - before; got != 1 {
				t.Errorf("the metric counts %v", got)
			}
		})
	}
}

func TestInjectDryRun(t *testing.T) {
	_, pod := shape(t, "../../internal/sidecar/testdata/refused-no-port.yaml")
	i, recorder := injection(t)
	req := podRequest(pod)
	req.DryRun = new(true)
	if resp := i.Handle(t.Context(), req); len(resp.Warnings) != 1 || len(recorder.Events) != 0 {
		t.Errorf("%d Events, warnings %v", len(recorder.Events), resp.Warnings)
	}
}

func TestInjectTells(t *testing.T) {
	i, _ := injection(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hello", UID: "d"}})
	for name, tc := range map[string]struct {
		owner *metav1.OwnerReference
		want  string
	}{
		"the Deployment":            {&metav1.OwnerReference{Kind: "ReplicaSet", Name: "hello-7d9f", UID: "r"}, "Deployment hello d"},
		"a ReplicaSet of its own":   {&metav1.OwnerReference{Kind: "ReplicaSet", Name: "other", UID: "r"}, "ReplicaSet other r"},
		"a StatefulSet of the name": {&metav1.OwnerReference{Kind: "StatefulSet", Name: "hello", UID: "s"}, "StatefulSet hello s"},
		"the Pod":                   {nil, "Pod hello-x p"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "hello-x", UID: "p", Labels: map[string]string{"pod-template-hash": "7d9f"}}}
			if tc.owner != nil {
				tc.owner.Controller = new(true)
				pod.OwnerReferences = []metav1.OwnerReference{*tc.owner}
			}
			about := i.workload(t.Context(), "shop", pod)
			if got := fmt.Sprint(about.Kind, " ", about.Name, " ", about.UID); got != tc.want || about.Namespace != "shop" {
				t.Errorf("tells %s in %s, want %s", got, about.Namespace, tc.want)
			}
		})
	}
}

// TestInjectKeepsWhatItDoesNotKnow: a field of a newer Kubernetes is not taken away.
func TestInjectKeepsWhatItDoesNotKnow(t *testing.T) {
	_, pod := shape(t, "../../internal/sidecar/testdata/one-container.yaml")
	newer := bytes.Replace(pod, []byte(`"spec":{`), []byte(`"spec":{"newerThanThis":{"a":1},`), 1)
	i, _ := injection(t)
	resp := i.Handle(t.Context(), podRequest(newer))
	if got := apply(t, newer, resp.Patches); !bytes.Contains(got, []byte(`"newerThanThis":{"a":1}`)) || !bytes.Contains(got, []byte("queue-proxy")) {
		t.Errorf("%s", got)
	}
	for _, req := range []admission.Request{request(update, "pods", "ann", nil, pod), request(create, "pods/ephemeralcontainers", "ann", nil, pod)} {
		if resp := i.Handle(t.Context(), req); !resp.Allowed || len(resp.Patches) != 0 {
			t.Errorf("%s %s: %+v", req.Operation, req.SubResource, resp)
		}
	}
}

// shape reads a Pod, as JSON, and its namespace, in the form that package sidecar's tests have them.
func shape(t *testing.T, file string) (*corev1.Namespace, []byte) {
	t.Helper()
	first, second, both := bytes.Cut(load(t, file), []byte("---\n"))
	ns := &corev1.Namespace{}
	if !both {
		first, second = nil, first
	}
	if err := yaml.UnmarshalStrict(first, ns); err != nil {
		t.Fatal(err)
	}
	ns.Name = "shop"
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict(second, pod); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return ns, raw
}

func load(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func apply(t *testing.T, pod []byte, ops []jsonpatch.Operation) []byte {
	t.Helper()
	raw, err := json.Marshal(ops)
	if err != nil {
		t.Fatal(err)
	}
	p, err := jsonpatchapply.DecodePatch(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Apply(pod)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", raw, err))
	}
	return out
}
