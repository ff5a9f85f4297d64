package provider

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// A Service that somebody deleted is made again by the next apply, and its split with it.
func TestAccServiceDeletedByKubectl(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	split := splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin("hello-v1", 100)}}
	steps(t,
		resource.TestStep{Config: config(hello, split)},
		resource.TestStep{
			PreConfig: func() {
				foreground := metav1.DeletePropagationForeground
				if err := c.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(ns).Delete(t.Context(), "hello", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
					t.Fatal(err)
				}
				gone(t, c, ns, "hello")
			},
			Config: config(hello, split),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(helloService, plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction(helloSplit, plancheck.ResourceActionCreate),
			}},
			Check: hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":100,"revisionName":"hello-v1"}]`),
		},
	)
}

// A Service with a finalizer that does not go away: the error names it and the way out, and the state keeps the Service.
func TestAccServiceWithAFinalizer(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Image: noImage, More: "wait_for_ready = false\ntimeouts {\n  delete = \"4s\"\n}"}
	t.Cleanup(func() { letGo(t, c, ns) }) // or the namespace would stay
	steps(t,
		resource.TestStep{Config: config(hello)},
		resource.TestStep{
			PreConfig: func() { byKubectl(t, c, ns, "hello", `{"metadata":{"finalizers":["example.com/keep"]}}`) },
			Config:    config(hello), Destroy: true,
			ExpectError: says(`example.com/keep is still on it. Its controller takes it off when it has cleaned up`),
		},
		resource.TestStep{Config: config(hello), PlanOnly: true}, // the state has it still
		resource.TestStep{
			PreConfig: func() { letGo(t, c, ns); gone(t, c, ns, "hello") },
			Config:    config(hello), Destroy: true,
		},
	)
	goneFrom(t, c, ns)
}

// letGo takes the test's finalizer off, and leaves those of the API server.
func letGo(t *testing.T, c *testenv.Cluster, namespace string) {
	t.Helper()
	u := live(t, c, kube.Service, namespace, "hello")
	if u == nil {
		return
	}
	rest := slices.DeleteFunc(u.GetFinalizers(), func(f string) bool { return f == "example.com/keep" })
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": rest}})
	if err != nil {
		t.Fatal(err)
	}
	byKubectl(t, c, namespace, "hello", string(patch))
}
