package provider

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// The whole way: Terraform makes a load balancer and binds it, the guard carries a split out on it, and requests through its listener
// reach the Pods of each Revision in the percentages asked for. Destroyed, nothing is left.
func TestAccSLBIngressWhole(t *testing.T) {
	for kind, made := range map[string]string{"ALB": newALB, "CLB": newCLB} {
		t.Run(kind, func(t *testing.T) {
			c, ns := acceptOnBed(t)
			b := newSLBBed(t, slbsim.Options{Second: 300 * time.Millisecond})
			startGuard(t, c, ns, testenv.GuardCloud(b.Sim, b.URL)...)
			lb := b.ingress(made, listenerHCL(80, "HTTP"), fmt.Sprintf("namespaces = [%q]", ns), fmt.Sprintf("labels = { %q = %q }", v1alpha1.GuardLabel, ns))
			service := func(version string) serviceConfig {
				return serviceConfig{
					Namespace: ns, Name: "hello", Revision: "hello-" + version, Image: c.Image,
					More: `annotations = { "networking.knative.dev/ingress.class" = "slb.ingress.networking.knative.dev" }`,
				}
			}
			split := func(targets ...string) splitConfig {
				return splitConfig{Namespace: ns, Service: "hello", Targets: targets}
			}
			through := func(n int, want map[string]float64) resource.TestCheckFunc {
				return func(s *terraform.State) error {
					at := s.RootModule().Resources[it].Primary.Attributes["load_balancer_id"]
					return sampledBy(testenv.ClientBy(b.Endpoint(at, 80)), s.RootModule().Resources[helloService].Primary.Attributes["url"], n, want)
				}
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories,
				Steps: []resource.TestStep{
					{
						Config: config(b.provider(), lb, service("v1"), split(pin("hello-v1", 100))),
						Check:  through(100, map[string]float64{"hello-v1": 100}),
					},
					{
						Config: config(b.provider(), lb, service("v2"), split(pin("hello-v1", 70), pin("hello-v2", 30, `tag = "canary"`))),
						Check:  through(2000, map[string]float64{"hello-v1": 70, "hello-v2": 30}),
					},
					{
						Config: config(b.provider(), lb, service("v2"), split(pin("hello-v1", 100))),
						Check:  through(1000, map[string]float64{"hello-v1": 100}),
					},
				},
				CheckDestroy: b.empty,
			})
		})
	}
}
