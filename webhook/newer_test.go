package main

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestAccFaultNewer has this guard keep a record that one of a later version has written on, as while one follows the other: what it
// does not know stays. It needs an API server of its own, for the bed's has this version's CRDs.
func TestAccFaultNewer(t *testing.T) {
	g, _ := ownAPIServer(t)
	g.standing()
	g.start()
	serving := func(percent int64) {
		t.Helper()
		g.record("what is served", func(r v1alpha1.RolloutRecordStatus) bool {
			return len(r.Serving) == 2 && r.Serving[1].Percent == percent
		})
	}
	serving(20)

	crd := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "rolloutrecords.knative-provider.dev"}}}
	if err := change(t.Context(), g.admin, crd, func(crd *unstructured.Unstructured) {
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		if err := unstructured.SetNestedField(versions[0].(map[string]any), "string", "schema", "openAPIV3Schema", "properties", "status", "properties", "later", "type"); err != nil {
			t.Fatal(err)
		}
		crd.Object["spec"].(map[string]any)["versions"] = versions
	}); err != nil {
		t.Fatal(err)
	}
	record := &unstructured.Unstructured{Object: map[string]any{"apiVersion": v1alpha1.GroupVersion.String(), "kind": "RolloutRecord", "metadata": map[string]any{"namespace": g.namespace, "name": "hello"}}}
	later := func() string {
		text, _, _ := unstructured.NestedString(record.Object, "status", "later")
		return text
	}
	newer := g.user("system:serviceaccount:" + g.namespace + ":knative-guard")
	g.eventually("a later guard writes what this one does not know", func(ctx context.Context) error {
		err := newer.Patch(ctx, record, client.RawPatch("application/merge-patch+json", []byte(`{"status": {"later": "kept"}}`)))
		return must(err == nil && later() == "kept", "%v %v", err, record.Object["status"])
	})

	s := g.service()
	s.Status.Traffic = targets("hello-v1 60", "hello-v2 40")
	if err := g.user("system:serviceaccount:knative-serving:controller").Status().Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	serving(40)
	if err := g.admin.Get(t.Context(), client.ObjectKeyFromObject(record), record); err != nil {
		t.Fatal(err)
	}
	if later() != "kept" {
		t.Errorf("this guard has lost what a later one wrote: %v", record.Object["status"])
	}
}

// user is a client of one who may do everything, under another name.
func (g *guard) user(name string) client.Client {
	cfg := rest.CopyConfig(g.Config)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: []string{"system:masters"}}
	return clientFor(g.t, cfg)
}
