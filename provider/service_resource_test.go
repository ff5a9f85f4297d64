package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

const helloService = "knative_service.hello"

func TestAccServiceUpdateAndImport(t *testing.T) {
	c, ns := accept(t)
	first := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, Env: map[string]string{"TARGET": "one"},
		More:     `labels = { team = "shop" }`,
		Template: "timeout_seconds = 60\nannotations = { note = \"kept\" }\nscaling {\n  min_scale = 1\n  target = 10\n}"}
	second := first
	second.Env = map[string]string{"TARGET": "two"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(first),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(helloService, tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-00001")),
					statecheck.ExpectKnownValue(helloService, tfjsonpath.New("id"), knownvalue.StringExact(ns+"/hello")),
				},
			},
			{
				Config: config(second),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(helloService, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(helloService, tfjsonpath.New("latest_created_revision")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(helloService, tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-00002")),
				},
			},
			{
				ResourceName: helloService, ImportState: true, ImportStateId: ns + "/hello", ImportStateVerify: true,
			},
			{
				ResourceName: helloService, ImportState: true, ImportStateId: "hello",
				ExpectError: says("Write namespace/name, for example default/hello"),
			},
		},
	})
}

// Labels, annotations and defaults that others write never make a difference in a plan; a change to what we own does.
func TestAccServiceOwnsWhatItConfigures(t *testing.T) {
	c, ns := accept(t)
	cfg := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, More: `labels = { team = "shop" }`}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(cfg)},
			{
				PreConfig: func() {
					byKubectl(t, c, ns, "hello", `{"metadata":{"labels":{"foreign":"yes"},"annotations":{"foreign":"yes"}}}`)
				},
				Config: config(cfg), PlanOnly: true,
			},
			{
				PreConfig: func() { byKubectl(t, c, ns, "hello", `{"metadata":{"labels":{"team":"other"}}}`) },
				Config:    config(cfg),
				// The difference is planned, and the apply names who holds the field.
				ExpectError: says(`metadata.labels.team is owned by "kubectl-patch"`),
			},
			{
				Config: config(serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, More: "labels = { team = \"shop\" }\nforce_conflicts = true"}),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(helloService, plancheck.ResourceActionUpdate),
				}},
			},
		},
	})
	if u := live(t, c, kube.Service, ns, "hello"); u != nil {
		t.Errorf("destroyed, and still there: %v", u.GetName())
	}
}

// A change by hand to the image shows in the plan.
func TestAccServiceShowsDrift(t *testing.T) {
	c, ns := accept(t)
	cfg := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, Env: map[string]string{"TARGET": "one"}, More: "force_conflicts = true"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(cfg)},
			{
				PreConfig: func() {
					byKubectl(t, c, ns, "hello", `{"spec":{"template":{"spec":{"containers":[{"image":"`+c.Image+`","env":[{"name":"TARGET","value":"by hand"}]}]}}}}`)
				},
				Config: config(cfg), PlanOnly: true, ExpectNonEmptyPlan: true,
			},
			{Config: config(cfg)},
		},
	})
}

// A permanent failure ends the wait at once, with the cause from the Pod; nothing is lost, and the next apply goes on.
func TestAccServiceFailureIsExplained(t *testing.T) {
	c, ns := accept(t)
	if !c.OnBed {
		t.Skip("the switches of the bed's test application are needed")
	}
	good := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	crash := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image, Env: map[string]string{"CRASH_AT_START": "no database at db:5432"}}
	missing := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v3", Image: "10.244.0.1:5000/app:nowhere"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(good)},
			{Config: config(crash), ExpectError: says("no database at db:5432")},
			{Config: config(crash), PlanOnly: true, ExpectNonEmptyPlan: true}, // what failed is not forgotten
			{Config: config(missing), ExpectError: says("app:nowhere")},
			{Config: config(serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v4", Image: c.Image})},
		},
	})
}

func TestAccServiceExistsAlready(t *testing.T) {
	c, ns := accept(t)
	foreign := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": kube.Service.APIVersion(), "kind": "Service", "metadata": map[string]any{"name": "hello"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"image": c.Image}}}}},
	}}
	if _, err := c.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(ns).Create(context.Background(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config:      config(serviceConfig{Namespace: ns, Name: "hello", Image: c.Image}),
			ExpectError: says("The Service exists already"),
		}},
	})
}

func TestAccServiceNamespaceMissing(t *testing.T) {
	c, _ := accept(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{{
			Config:      config(serviceConfig{Namespace: "acc-nowhere", Name: "hello", Image: c.Image}),
			ExpectError: says(`the namespace "acc-nowhere" does not exist`),
		}},
	})
}

func TestAccServiceDeletionProtection(t *testing.T) {
	c, ns := accept(t)
	cfg := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, More: "deletion_protection = true"}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(cfg)},
			{Config: config(cfg), Destroy: true, ExpectError: says("its deletion_protection is true")},
			{Config: config(serviceConfig{Namespace: ns, Name: "hello", Image: c.Image})},
		},
	})
}

// What can be known without a cluster is refused without one, at the attribute.
func TestServiceRefusedAtPlan(t *testing.T) {
	service := func(revision, template, more string) string {
		return config(serviceConfig{Namespace: "default", Name: "hello", Revision: revision, Image: "example.com/app", Template: template, More: more})
	}
	for name, tc := range map[string]struct{ config, says string }{
		"revision name of another":  {service("other-v1", "", ""), `template.name: invalid value: "other-v1" must have prefix "hello-"`},
		"negative concurrency":      {service("", "container_concurrency = -1", ""), "template.container_concurrency: expected 0 <= -1 <= 1000"},
		"malformed quantity":        {service("", "volumes {\n  name = \"v\"\n  empty_dir {\n    size_limit = \"1x\"\n  }\n}", ""), `"1x" is not an amount`},
		"window out of range":       {service("", "scaling {\n  window = \"1s\"\n}", ""), "template.scaling.window"},
		"min above max":             {service("", "scaling {\n  min_scale = 3\n  max_scale = 2\n}", ""), "template.scaling.max_scale: max-scale=2 is less than min-scale=3"},
		"typed and plain":           {service("", "scaling {\n  min_scale = 3\n}\nannotations = { \"autoscaling.knative.dev/min-scale\" = \"2\" }", ""), "Keep scaling.min_scale"},
		"inline traffic of 99":      {service("hello-v1", "", pin("hello-v1", 99)), "They must add up to exactly 100"},
		"a name that is no label":   {config(serviceConfig{Namespace: "default", Name: "Hello", Image: "example.com/app"}), "name"},
		"a field that nobody knows": {service("", "container_concurency = 1", ""), `An argument named "container_concurency" is not expected here.`},
		"no container": {`resource "knative_service" "hello" {
  name = "hello"
  template {}
}`, "template.containers"},
	} {
		t.Run(name, func(t *testing.T) { refusedAtPlan(t, tc.config, tc.says) })
	}
}

// refusedAtPlan wants an error from a plan that has no cluster to ask.
func refusedAtPlan(t *testing.T, config, text string) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps:                    []resource.TestStep{{Config: config, PlanOnly: true, ExpectError: says(text)}},
	})
}
