package provider

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// The tests here are named after the complaints of docs/guides/complaints.md that no other test answers.

func TestAccComplaint03OtherWordsForTheSame(t *testing.T) {
	_, ns := accept(t)
	said := func(cpu, memory, window string) string {
		return config(serviceConfig{
			Namespace: ns, Name: "hello", Image: noImage, More: "wait_for_ready = false",
			Container: fmt.Sprintf("resources {\n  requests = { cpu = %q, memory = %q }\n}", cpu, memory),
			Template:  fmt.Sprintf("scaling {\n  window = %q\n}", window),
		})
	}
	steps(t,
		resource.TestStep{Config: said("10m", "1024Ki", "60s")},
		resource.TestStep{Config: said("0.01", "1Mi", "1m"), PlanOnly: true},
		resource.TestStep{Config: said("0.01", "1Mi", "1m1s"), PlanOnly: true, ExpectNonEmptyPlan: true},
	)
}

func TestAccComplaint05ImportThenReplace(t *testing.T) {
	c, ns := accept(t)
	applied(t, c, ns, "hello", "kubectl", "mine")
	cfg := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, Env: map[string]string{"TARGET": "mine"}}
	imported := hcl(fmt.Sprintf("import {\n  to = %s\n  id = \"%s/hello\"\n}\n", helloService, ns))
	steps(t, resource.TestStep{
		Config: config(cfg, imported),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(helloService, plancheck.ResourceActionNoop),
		}},
	})
}

// A plan of 20 Services and 20 splits is a LIST or two, and no discovery of what the cluster serves.
func TestAccComplaint06And18APlanIsAFewRequests(t *testing.T) {
	c, ns := accept(t)
	proxy, _ := proxied(t, c)
	cli := workspace(t, map[string]string{"KUBE_HOST": proxy.URL}, hcl(fmt.Sprintf(`
resource "knative_service" "many" {
  count          = 20
  namespace      = %q
  name           = "s-${count.index}"
  wait_for_ready = false
  template {
    containers {
      image = "example.com/none:v1"
    }
  }
}
resource "knative_traffic_split" "many" {
  count          = 20
  namespace      = %[1]q
  service        = knative_service.many[count.index].name
  wait_for_ready = false
  traffic {
    latest_revision = true
    percent         = 100
  }
}
`, ns)))
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Fatal(out)
	}
	var mu sync.Mutex
	var asked []string
	proxy.Before(func(_ int, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.Path)
	})
	if out, ok := output(t, cli, "plan", "-detailed-exitcode", "-no-color", "-input=false"); !ok {
		t.Error(out)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) == 0 || len(asked) > 5 {
		t.Errorf("a plan sent %d requests: %v", len(asked), asked)
	}
	for _, request := range asked {
		if !strings.HasPrefix(request, "GET /apis/serving.knative.dev/v1/namespaces/"+ns+"/") {
			t.Errorf("asked for %s", request)
		}
	}
}

func TestAccComplaint10OldReadyIsAccepted(t *testing.T) {
	c, ns := acceptOnBed(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image, Env: map[string]string{"STARTUP_DELAY": "3s"}}
	steps(t,
		resource.TestStep{Config: config(v1)},
		resource.TestStep{
			Config: config(v2),
			Check:  sampled(helloService, 20, map[string]float64{"hello-v2": 100}),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(helloService, tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-v2")),
			},
		},
	)
}

func TestAccComplaint11RevisionNameTaken(t *testing.T) {
	_, ns := accept(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: noImage, More: "wait_for_ready = false"}
	changed := v1
	changed.Container = "args = [\"-v\"]"
	steps(t,
		resource.TestStep{Config: config(v1)},
		resource.TestStep{Config: config(changed), PlanOnly: true, ExpectError: says(`template.name: The template changes (containers), and its name stays "hello-v1".`)},
	)
}

func TestAccComplaint12OutOfBandDeploy(t *testing.T) {
	c, ns := accept(t)
	hello := serviceConfig{Namespace: ns, Name: "hello", Image: c.Image}
	steps(t,
		resource.TestStep{Config: config(hello)},
		resource.TestStep{
			PreConfig: func() {
				byKubectl(t, c, ns, "hello", `{"spec":{"template":{"metadata":{"annotations":{"restarted-at":"noon"}}}}}`)
				eventuallyReady(t, c, ns, "hello", "hello-00002")
			},
			Config: config(hello), PlanOnly: true,
		},
	)
}

// The traffic stays where it is while a new Revision comes, and moves to it in the same apply that makes it: the Service does not
// depend on the split, and the split may name a Revision of this plan.
func TestAccComplaint13And14DeployAtZeroAndNoCycle(t *testing.T) {
	c, ns := accept(t)
	version := func(revision string) serviceConfig {
		return serviceConfig{Namespace: ns, Name: "hello", Revision: revision, Image: c.Image}
	}
	split := func(revision string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin(revision, 100)}}
	}
	steps(t,
		resource.TestStep{Config: config(version("hello-v1"), split("hello-v1"))},
		resource.TestStep{Config: config(version("hello-v2"), split("hello-v1")), Check: sampled(helloService, 50, map[string]float64{"hello-v1": 100})},
		resource.TestStep{Config: config(version("hello-v3"), split("hello-v3")), Check: sampled(helloService, 50, map[string]float64{"hello-v3": 100})},
	)
}

func TestAccComplaint16LatestFirstPinnedLater(t *testing.T) {
	c, ns := accept(t)
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	v2 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image}
	split := func(targets ...string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
	}
	steps(t,
		resource.TestStep{Config: config(v1, split(target("latest_revision = true", "percent = 100")))},
		resource.TestStep{
			Config: config(v2, split(pin("hello-v1", 90), target("latest_revision = true", "percent = 10"))),
			Check:  hasTraffic(t, c, ns, `[{"latestRevision":false,"percent":90,"revisionName":"hello-v1"},{"latestRevision":true,"percent":10}]`),
		},
	)
}

// What says the same as nothing, and what Knative notes on a Service, is no difference: the framework plans again after each step.
func TestAccComplaint17ZeroValuesAndSystemAnnotations(t *testing.T) {
	c, ns := accept(t)
	zero := serviceConfig{
		Namespace: ns, Name: "hello", Image: noImage, Env: map[string]string{"EMPTY": ""},
		Template: "container_concurrency = 0\nscaling {\n  min_scale = 0\n  max_scale = 0\n}\nlabels = {}",
		More:     "annotations = {}\nwait_for_ready = false",
	}
	nothing := serviceConfig{Namespace: ns, Name: "hello", Image: noImage, Env: map[string]string{"EMPTY": ""}, More: "wait_for_ready = false"}
	steps(t,
		resource.TestStep{Config: config(zero)},
		resource.TestStep{PreConfig: func() {
			byKubectl(t, c, ns, "hello", `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}}}`)
		}, Config: config(zero), PlanOnly: true},
		resource.TestStep{Config: config(nothing)},
	)
}
