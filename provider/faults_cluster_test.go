package provider

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// A cluster that is down at plan: what is new can be planned all the same, what is there cannot be read, and the state is what
// it was.
func TestAccClusterDownAtPlan(t *testing.T) {
	c, ns := accept(t)
	proxy, through := proxied(t, c)
	hello := serviceConfig{Namespace: ns, Name: "hello", Image: noImage, More: "wait_for_ready = false"}
	steps(t,
		resource.TestStep{PreConfig: proxy.Cut, Config: config(through, hello), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{PreConfig: proxy.Cut, Config: config(through, hello), ExpectError: says("Cluster unreachable")},
		resource.TestStep{PreConfig: restore(t, proxy), Config: config(through, hello)},
		resource.TestStep{PreConfig: proxy.Cut, Config: config(through, hello), PlanOnly: true, ExpectError: says("Check the provider's host or kubeconfig")},
		resource.TestStep{PreConfig: restore(t, proxy), Config: config(through, hello), PlanOnly: true},
	)
}

// A cluster that goes down between the plan and the write: nothing is made, nothing is lost, and the next apply does it.
func TestAccClusterDownAtApply(t *testing.T) {
	c, ns := accept(t)
	proxy, through := proxied(t, c)
	first := serviceConfig{Namespace: ns, Name: "hello", Image: noImage, Env: map[string]string{"TARGET": "one"}, More: "wait_for_ready = false"}
	second := first
	second.Env = map[string]string{"TARGET": "two"}
	cutAtWrite := func() { atWrite(proxy, proxy.Cut) }
	again := func() { proxy.Reset(); restore(t, proxy)() }
	steps(t,
		resource.TestStep{PreConfig: cutAtWrite, Config: config(through, first), ExpectError: says("Cluster unreachable")},
		resource.TestStep{PreConfig: again, Config: config(through, first)},
		resource.TestStep{PreConfig: cutAtWrite, Config: config(through, second), ExpectError: says("Cluster unreachable")},
		resource.TestStep{
			PreConfig: again, Config: config(through, second),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(helloService, plancheck.ResourceActionUpdate),
			}},
		},
	)
}

// A cluster that goes down in the middle of a wait: a short outage is sat out.
func TestAccClusterDownInAWait(t *testing.T) {
	c, ns := acceptOnBed(t)
	proxy, through := proxied(t, c)
	slow := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, Env: map[string]string{"STARTUP_DELAY": "5s"}}
	steps(t, resource.TestStep{
		PreConfig: func() {
			proxy.After(func(_ int, r *http.Request) {
				if watches(r, "services") {
					proxy.Reset()
					go func() { proxy.Cut(); time.Sleep(3 * time.Second); restore(t, proxy)() }()
				}
			})
		},
		Config: config(through, slow),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(helloService, tfjsonpath.New("latest_ready_revision"), knownvalue.StringExact("hello-v1")),
		},
	})
}

// A cluster that goes down in the middle of a wait and stays down: the error says so, and the next apply waits again.
func TestAccClusterStaysDownInAWait(t *testing.T) {
	c, ns := acceptOnBed(t)
	proxy, through := proxied(t, c)
	hello := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image, Env: map[string]string{"STARTUP_DELAY": "5s"}, More: "timeouts {\n  create = \"4s\"\n}"}
	patient := hello
	patient.More = ""
	steps(t,
		resource.TestStep{
			PreConfig: func() {
				proxy.After(func(_ int, r *http.Request) {
					if watches(r, "services") {
						go proxy.Cut()
					}
				})
			},
			Config: config(through, hello), ExpectError: says("the API server does not answer"),
		},
		resource.TestStep{
			PreConfig: func() { proxy.Reset(); restore(t, proxy)() },
			Config:    config(through, patient),
		},
	)
	if u := names(t, c, ns); u != "" {
		t.Errorf("destroyed, and still there: %s", u)
	}
}

// Knative that is not installed: the plan is made, and the apply says what is missing. The API server's own answer for a group
// that it does not serve is what the provider gets.
func TestAccComplaint01KnativeNotInstalled(t *testing.T) {
	c, ns := accept(t)
	proxy, through := proxied(t, c)
	unserved := func(on bool) func() {
		return func() {
			proxy.Before(func(_ int, r *http.Request) {
				if on {
					r.URL.Path = strings.Replace(r.URL.Path, "/serving.knative.dev/", "/serving.nowhere.dev/", 1)
				}
			})
		}
	}
	hello := serviceConfig{Namespace: ns, Name: "hello", Image: noImage, More: "wait_for_ready = false"}
	steps(t,
		resource.TestStep{PreConfig: unserved(true), Config: config(through, hello), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{PreConfig: unserved(true), Config: config(through, hello), ExpectError: says("Knative Serving is not installed")},
		resource.TestStep{PreConfig: unserved(false), Config: config(through, hello)},
		resource.TestStep{PreConfig: unserved(true), Config: config(through, hello), PlanOnly: true, ExpectError: says("Install Knative Serving, or point the provider at the cluster that has it")},
		resource.TestStep{PreConfig: unserved(false), Config: config(through, hello), PlanOnly: true}, // nothing is lost
	)
}

// watches says whether a request opens the watch of a kind.
func watches(r *http.Request, resource string) bool {
	return r.URL.Query().Get("watch") != "" && strings.HasSuffix(r.URL.Path, "/"+resource)
}
