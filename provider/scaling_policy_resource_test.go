package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

const shopPolicy = "knative_scaling_policy.shop"

// scalingConfig renders a policy named shop, of the Service shop unless a target is given.
func scalingConfig(namespace string, lines ...string) hcl {
	text := strings.Join(lines, "\n  ")
	if !strings.Contains(text, "target {\n    kind") {
		text = "target {\n    kind = \"Service\"\n    name = \"shop\"\n  }\n  " + text
	}
	return hcl(fmt.Sprintf("resource \"knative_scaling_policy\" \"shop\" {\n  namespace = %q\n  name = \"shop\"\n  %s\n}\n", namespace, text))
}

func shopRef(namespace string) kube.Ref {
	return kube.Ref{Kind: kube.ScalingPolicy, Namespace: namespace, Name: "shop"}
}

const everyScalingSetting = `min = 1
  max = 50
  suspend = true
  dry_run = true
  labels = { team = "a" }
  metric {
    type = "concurrency"
    target = 70
  }
  schedules {
    name = "office"
    start = "0 8 * * MON-FRI"
    end = "0 20 * * MON-FRI"
    time_zone = "Asia/Shanghai"
    replicas = 10
    excluded_dates = ["2026-10-01", "2026-10-02"]
    lead_time = "2m"
  }
  schedules {
    name = "night"
    start = "0 2 * * *"
    duration = "1h30m"
    replicas = 2
    one_offs {
      start = "2026-11-11T00:00"
      end = "2026-11-12T00:00"
    }
  }
  plugins {
    name = "queue"
    external {
      address = "queue.example.com:6000"
      metadata = { queue = "orders" }
      push = true
      tls_secret = "queue-client"
    }
    interval = "5s"
    timeout = "1s"
  }
  plugins {
    name = "lag"
    prometheus {
      address = "http://prometheus.example.com:9090"
      query = "sum(lag)"
    }
    target = "0.5"
    stabilization = "1m"
    keep_last = "2m"
  }`

// The life of a policy: made, imported, said in other words, changed by others, changed, moved to another target, and gone. After
// each step, Terraform plans nothing more.
func TestAccScalingPolicy(t *testing.T) {
	c, ns := accept(t)
	needGuardCRDs(t, c)
	sameInOtherWords := strings.NewReplacer(`"1h30m"`, `"90m"`, `"1m"`, `"60s"`).Replace(everyScalingSetting)
	byHand := func(patch string) func() {
		return func() { patchObject(t, c, shopRef(ns), patch) }
	}
	action := func(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(shopPolicy, a)}}
	}
	events := scalingConfig(ns, "event {}", "max = 20")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(scalingConfig(ns, everyScalingSetting)),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(shopPolicy, tfjsonpath.New("id"), knownvalue.StringExact(ns+"/shop")),
					statecheck.ExpectKnownValue(shopPolicy, tfjsonpath.New("uid"), knownvalue.NotNull()),
					statecheck.ExpectKnownValue(shopPolicy, tfjsonpath.New("force_conflicts"), knownvalue.Bool(false)),
					statecheck.ExpectKnownValue(shopPolicy, tfjsonpath.New("schedules"), knownvalue.ListSizeExact(2)),
				},
				Check: hasManager(t, c, shopRef(ns), scalingManager),
			},
			{ResourceName: shopPolicy, ImportState: true, ImportStateId: ns + "/shop", ImportStateVerify: true},
			{Config: config(scalingConfig(ns, sameInOtherWords)), PlanOnly: true},
			{
				PreConfig: byHand(`{"metadata":{"labels":{"theirs":"x"}}}`),
				Config:    config(scalingConfig(ns, everyScalingSetting)), PlanOnly: true,
			},
			{
				PreConfig: byHand(`{"spec":{"max":60}}`),
				Config:    config(scalingConfig(ns, everyScalingSetting)), ExpectError: says(`spec.max is owned by "kubectl-patch"`),
			},
			{
				Config:           config(scalingConfig(ns, everyScalingSetting, "force_conflicts = true")),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
			},
			{
				Config:           config(events),
				ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
				Check: hasSpec(t, c, shopRef(ns), map[string]any{
					"target": map[string]any{"kind": "Service", "name": "shop"}, "event": map[string]any{}, "max": int64(20),
				}),
			},
			{ResourceName: shopPolicy, ImportState: true, ImportStateId: ns + "/shop", ImportStateVerify: true, ImportStateVerifyIgnore: []string{"labels"}}, // theirs
			{
				PreConfig: byHand(`{"spec":{"schedules":[{"name":"incident","replicas":9,"start":"0 0 * * *","duration":"24h"}]}}`),
				Config:    config(events), PlanOnly: true, // an operator's own schedule is no drift
			},
			{
				Config:           config(scalingConfig(ns, "target {\n    kind = \"Deployment\"\n    name = \"shop\"\n  }\n  min = 2")),
				ConfigPlanChecks: action(plancheck.ResourceActionDestroyBeforeCreate),
				Check:            hasSpec(t, c, shopRef(ns), map[string]any{"target": map[string]any{"kind": "Deployment", "name": "shop"}, "min": int64(2)}),
			},
		},
		CheckDestroy: isGone(t, c, shopRef(ns)),
	})
}

// What can be known without a cluster is refused without one, at the attribute, by the functions that the guard's admission uses.
func TestScalingPolicyRefusedAtPlan(t *testing.T) {
	for name, tc := range map[string]struct{ lines, says string }{
		"min above max":           {"min = 5\n  max = 4", "min must not be larger than max"},
		"a target of no kind":     {"target {\n    kind = \"Pod\"\n    name = \"shop\"\n  }", `value must be one of: ["Service" "Deployment"]`},
		"a metric of no type":     {"metric {\n    type = \"latency\"\n    target = 1\n  }", `value must be one of: ["concurrency" "rps" "cpu" "memory"]`},
		"a metric without target": {"metric {\n    type = \"cpu\"\n  }", "Missing target"},
		"replicas below 0":        {"schedules {\n    name = \"x\"\n    start = \"0 0 * * *\"\n    duration = \"1h\"\n    replicas = -1\n  }", "value must be between 0 and 10000"},
		"a date with an offset":   {"schedules {\n    name = \"x\"\n    replicas = 1\n    one_offs {\n      start = \"2026-11-11T00:00Z\"\n      end = \"2026-11-12T00:00\"\n    }\n  }", "write a date and a time without seconds and offset"},
		"a schedule that is none": {"schedules {\n    name = \"x\"\n    start = \"tomorrow\"\n    duration = \"1h\"\n    replicas = 1\n  }", "schedules[0].start"},
		"a zone that is none":     {"schedules {\n    name = \"x\"\n    start = \"0 0 * * *\"\n    duration = \"1h\"\n    time_zone = \"Beijing\"\n    replicas = 1\n  }", "schedules[0].time_zone"},
		"a plugin of two kinds":   {"plugins {\n    name = \"x\"\n    target = \"1\"\n    external {\n      address = \"a:1\"\n    }\n    prometheus {\n      address = \"http://a\"\n      query = \"b\"\n    }\n  }", "a plugin is either external or prometheus"},
		"a query without target":  {"plugins {\n    name = \"x\"\n    prometheus {\n      address = \"http://a\"\n      query = \"b\"\n    }\n  }", "plugins[0].target"},
		"events and CPU":          {"event {}\n  metric {\n    type = \"cpu\"\n    target = 70\n  }", "events are handed out one to a Pod"},
		"a misspelt setting":      {"maximum = 20", `An argument named "maximum" is not expected here.`},
		"65 schedules":            {"dynamic \"schedules\" {\n    for_each = range(65)\n    content {\n      name = \"w${schedules.value}\"\n      start = \"0 0 * * *\"\n      duration = \"1h\"\n      replicas = 1\n    }\n  }", "at most 64"},
	} {
		t.Run(name, func(t *testing.T) { refusedAtPlan(t, config(scalingConfig("default", tc.lines)), tc.says) })
	}
	t.Run("no target", func(t *testing.T) {
		refusedAtPlan(t, "resource \"knative_scaling_policy\" \"shop\" {\n  name = \"shop\"\n  min = 1\n}\n", "target")
	})
}
