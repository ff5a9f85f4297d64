package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
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
func TestAccComplaint04OthersWriteFields(t *testing.T) {
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

// Giving up the last annotation takes along nobody else's: Knative refuses a Service without its own.
func TestAccServiceGivesUpItsLastAnnotation(t *testing.T) {
	c, ns := accept(t)
	with := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, More: `annotations = { note = "mine" }`}
	without := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(with)},
			{
				Config: config(without),
				Check: func(*terraform.State) error {
					left := live(t, c, kube.Service, ns, "hello").GetAnnotations()
					if left["note"] != "" || left["serving.knative.dev/creator"] == "" {
						return fmt.Errorf("left: %v", left)
					}
					return nil
				},
			},
		},
	})
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
func TestAccComplaint09FailedRolloutIsNotForgotten(t *testing.T) {
	c, ns := acceptOnBed(t)
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

// A create that failed to become Ready is not destroyed and made anew: the next apply goes on with the same object. The
// destroy at the test's end does destroy it.
func TestAccComplaint08FailedWaitKeepsTheService(t *testing.T) {
	c, ns := acceptOnBed(t)
	crash := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, Env: map[string]string{"CRASH_AT_START": "no database"}}
	good := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	var created types.UID
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(crash), ExpectError: says("no database")},
			{
				PreConfig: func() { created = live(t, c, kube.Service, ns, "hello").GetUID() },
				Config:    config(good),
				Check: func(*terraform.State) error {
					if now := live(t, c, kube.Service, ns, "hello").GetUID(); now != created {
						return fmt.Errorf("the Service was made anew: %s, then %s", created, now)
					}
					return nil
				},
			},
		},
	})
	goneFrom(t, c, ns)
}

// What is there already is not taken over in silence, be it another tool's or another configuration's of this provider; what
// this configuration made, and did not live to save, is.
func TestAccServiceExistsAlready(t *testing.T) {
	c, ns := accept(t)
	for name, tc := range map[string]struct {
		manager, target string
		refused         bool
	}{
		"kubectl": {"kubectl", "mine", true},
		"another": {serviceManager, "theirs", true},
		"crashed": {serviceManager, "mine", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			applied(t, c, ns, name, tc.manager, tc.target)
			step := resource.TestStep{Config: config(serviceConfig{Namespace: ns, Name: name, Image: c.Image, Env: map[string]string{"TARGET": "mine"}})}
			if tc.refused {
				step.ExpectError = says("The Service exists already")
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{step}})
		})
	}
}

// applied makes a Service as somebody else's server-side apply does.
func applied(t *testing.T, c *testenv.Cluster, namespace, name, manager, target string) {
	t.Helper()
	client, err := kube.New(kube.Settings{ConfigPaths: []string{c.Kubeconfig}})
	if err != nil {
		t.Fatal(err)
	}
	container := map[string]any{"image": c.Image, "env": []any{map[string]any{"name": "TARGET", "value": target}}}
	_, err = client.Apply(t.Context(), kube.Ref{Kind: kube.Service, Namespace: namespace, Name: name}, map[string]any{
		"metadata": map[string]any{"name": name, "namespace": namespace},
		"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}, "timeoutSeconds": shortTimeout}}},
	}, kube.ApplyOptions{Manager: manager})
	if err != nil {
		t.Fatal(err)
	}
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
		"negative concurrency":      {service("", "container_concurrency = -1", ""), "template.container_concurrency: expected 0 <= -1"},
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
