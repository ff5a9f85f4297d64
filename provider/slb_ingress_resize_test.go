package provider

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// A load balancer that is too small becomes larger, and keeps its address: only what cannot be changed makes another one.
func TestAccSLBIngressResized(t *testing.T) {
	t.Parallel()
	action := func(a plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(it, a)}}
	}
	has := func(attribute string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(it, tfjsonpath.New(attribute), value)
	}
	t.Run("ALB", func(t *testing.T) {
		t.Parallel()
		b := newSLBBed(t, slbsim.Options{Jobs: 20 * time.Millisecond})
		b.PutVSwitch(slbsim.VSwitch{ID: "vsw-c", VpcID: slbsim.FirstVPC, ZoneID: "cn-hangzhou-c"})
		same := statecheck.CompareValue(compare.ValuesSame())
		edition := func(name string) string { return `load_balancer_edition = "` + name + `"` }
		wider := newALB + "\n  zone_mappings {\n    zone_id = \"cn-hangzhou-c\"\n    vswitch_id = \"vsw-c\"\n  }"
		config := func(lines ...string) string {
			return config(b.provider(), b.ingress(append(lines, listenerHCL(8080, "HTTP"))...))
		}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: factories,
			Steps: []resource.TestStep{
				{Config: config(newALB, edition("Basic")), ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(it, tfjsonpath.New("load_balancer_id"))}},
				{
					Config: config(wider, edition("Standard")), ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
					ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(it, tfjsonpath.New("load_balancer_id")), has("zone_mappings", knownvalue.SetSizeExact(3))},
				},
				{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
				{Config: config(newALB), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), ConfigStateChecks: []statecheck.StateCheck{has("load_balancer_edition", knownvalue.StringExact("Standard"))}},
				{Config: config(newALB, edition("Basic")), ConfigPlanChecks: action(plancheck.ResourceActionDestroyBeforeCreate)},
			},
			CheckDestroy: b.empty,
		})
	})
	t.Run("CLB", func(t *testing.T) {
		t.Parallel()
		b := newSLBBed(t, slbsim.Options{})
		same := statecheck.CompareValue(compare.ValuesSame())
		step := func(mbits knownvalue.Check, lines ...string) resource.TestStep {
			lines = append(lines, `load_balancer_type = "CLB"`, `address_type = "internet"`, `instance_charge_type = "PayBySpec"`, listenerHCL(8080, "HTTP"))
			return resource.TestStep{
				Config:            config(b.provider(), b.ingress(lines...)),
				ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(it, tfjsonpath.New("load_balancer_id")), has("bandwidth", mbits)},
			}
		}
		changed := func(s resource.TestStep) resource.TestStep {
			s.ConfigPlanChecks = action(plancheck.ResourceActionUpdate)
			return s
		}
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: factories,
			Steps: []resource.TestStep{
				step(knownvalue.Int64Exact(5), `internet_charge_type = "PayByBandwidth"`, "bandwidth = 5", `load_balancer_spec = "slb.s1.small"`),
				changed(step(knownvalue.Int64Exact(10), `internet_charge_type = "PayByBandwidth"`, "bandwidth = 10", `load_balancer_spec = "slb.s2.small"`)),
				changed(step(knownvalue.Int64Exact(5120), `internet_charge_type = "PayByTraffic"`, `load_balancer_spec = "slb.s2.small"`)),
			},
			CheckDestroy: b.empty,
		})
	})
}
