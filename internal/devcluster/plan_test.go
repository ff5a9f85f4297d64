package main

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// testConfig builds from this checkout.
func testConfig(t *testing.T) config {
	t.Helper()
	src, err := sourceDir()
	if err != nil {
		t.Fatal(err)
	}
	return config{HTTPPort: 80, Source: src, Cache: "/cache"}
}

func TestPlanKey(t *testing.T) {
	key := func(c config) string {
		t.Helper()
		p, err := newPlan(c)
		if err != nil {
			t.Fatal(err)
		}
		return p.key
	}
	c := testConfig(t)
	first := key(c)
	if key(c) != first {
		t.Error("two plans of the same differ")
	}
	c.HTTPPort = 8080
	if key(c) == first {
		t.Error("another port is the same plan")
	}
}

func TestAddonManifests(t *testing.T) {
	clusterWide := map[string]bool{"Namespace": true, "ClusterRole": true, "ClusterRoleBinding": true, "APIService": true}
	for _, d := range addons {
		text, err := render(testConfig(t), d.name)
		if err != nil {
			t.Fatal(err)
		}
		objs, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		deployed := false
		for _, o := range objs {
			if (o.GetNamespace() == "") != clusterWide[o.GetKind()] {
				t.Errorf("%s: %s %s in namespace %q", d.name, o.GetKind(), o.GetName(), o.GetNamespace())
			}
			deployed = deployed || o.GetKind() == "Deployment" && o.GetName() == d.deployment && o.GetNamespace() == d.namespace
		}
		if !deployed {
			t.Errorf("%s: no Deployment %s/%s", d.name, d.namespace, d.deployment)
		}
		if !strings.Contains(string(text), imageRef(d.name)) {
			t.Errorf("%s: does not use its image", d.name)
		}
	}
}

func TestEditKnative(t *testing.T) {
	got := string(editKnative([]byte("image: ko://knative.dev/serving/cmd/autoscaler-hpa\n  app.kubernetes.io/version: devel\n")))
	if want := "image: dev.local/knative/autoscaler-hpa:1\n  app.kubernetes.io/version: \"0.50.0\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConfigureKnative(t *testing.T) {
	objs, err := decode([]byte(`
kind: ConfigMap
metadata: {name: config-autoscaler}
data: {_example: text}
---
# a comment only
---
kind: Deployment
metadata: {name: controller}
spec: {template: {spec: {containers: [{name: a, readinessProbe: {periodSeconds: 10, httpGet: {port: 80}}}, {name: b}]}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(objs) != 2 {
		t.Fatalf("%d objects", len(objs))
	}
	for _, o := range objs {
		if err := configureKnative(o); err != nil {
			t.Fatal(err)
		}
	}
	if v, _, err := unstructured.NestedString(objs[0].Object, "data", "stable-window"); err != nil || v != "10s" {
		t.Errorf("stable-window %q, %v", v, err)
	}
	containers, _, err := unstructured.NestedSlice(objs[1].Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 2 {
		t.Fatalf("containers %v, %v", containers, err)
	}
	a, ok := containers[0].(map[string]any)
	if !ok {
		t.Fatalf("container %v", containers[0])
	}
	if v, _, err := unstructured.NestedInt64(a, "readinessProbe", "periodSeconds"); err != nil || v != probeSeconds {
		t.Errorf("periodSeconds %d, %v", v, err)
	}
}

func TestInstallOrder(t *testing.T) {
	order := []string{"Namespace", "CustomResourceDefinition", "ConfigMap", "Deployment", "ValidatingWebhookConfiguration"}
	for i := 1; i < len(order); i++ {
		if step(order[i-1]) >= step(order[i]) {
			t.Errorf("%s does not come before %s", order[i-1], order[i])
		}
	}
}
