package provider

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// The life of an ALB: made, imported, changed, changed by others, and gone. After each step, Terraform plans nothing more.
func TestAccSLBIngressALB(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{Jobs: 20 * time.Millisecond})
	certs := b.certificates("shop.example.com", "pay.example.com")
	plain := listenerHCL(8080, "HTTP")
	all := []string{
		newALB, `load_balancer_name = "shop"`, `load_balancer_edition = "Standard"`, `tags = { team = "a" }`, `delete_protection = "off"`,
		`namespaces = ["shop", "pay"]`, `hosts = ["shop.example.com", "*.example.com"]`, "default = true", "priorities {\n    from = 100\n    to = 199\n  }",
		listenerHCL(8080, "HTTP", "forward_port = 8443"),
		listenerHCL(8443, "HTTPS", "request_timeout = 120", "idle_timeout = 30", `security_policy_id = "tls_cipher_policy_1_2"`,
			"certificates {\n      certificate_id = \""+certs[0]+"\"\n    }", "certificates {\n      certificate_id = \""+certs[1]+"\"\n    }",
			"x_forwarded_for_config {\n      x_forwarded_for_slb_id_enabled = true\n    }"),
		listenerHCL(9080, "HTTP", `visibility = "ClusterLocal"`),
	}
	config := func(lines ...string) string { return config(b.provider(), b.ingress(lines...)) }
	var first, second string
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(newALB, plain),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(it, tfjsonpath.New("adopted"), knownvalue.Bool(false)),
					statecheck.ExpectKnownValue(it, tfjsonpath.New("load_balancer_name"), knownvalue.StringExact("knative-"+b.name)),
					statecheck.ExpectKnownValue(it, tfjsonpath.New("listener_ids").AtMapKey("8080"), knownvalue.NotNull()),
				},
				Check: resource.ComposeTestCheckFunc(
					b.has(map[string]int{"alb": 1, "alb listener": 1, "alb server group": 1}),
					func(*terraform.State) error {
						s, lb := b.spec(), b.resource("alb")
						first = lb.ID
						want := v1alpha1.SLBIngressSpec{
							LoadBalancerType: "ALB", LoadBalancerID: lb.ID, Region: "cn-hangzhou", VPCID: slbsim.FirstVPC, Address: lb.ID + ".cn-hangzhou.alb.aliyuncs.com",
							Listeners: []v1alpha1.SLBListener{{ID: b.resource("alb listener").ID, Port: 8080, Protocol: "HTTP", Visibility: "Public"}},
						}
						if diff := cmp.Diff(want, s); diff != "" {
							t.Errorf("the SLBIngress (-want +got)\n%s", diff)
						}
						return nil
					}),
			},
			{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
			{
				Config: config(all...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionUpdate),
				}},
				Check: resource.ComposeTestCheckFunc(
					b.has(map[string]int{"alb": 1, "alb listener": 3, "alb rule": 1, "alb server group": 1}),
					func(*terraform.State) error {
						s := b.spec()
						if len(s.Listeners) != 2 || s.Listeners[0].Port != 8443 || s.Listeners[1].Visibility != "ClusterLocal" || !s.Default || s.Priorities.From != 100 || len(s.Hosts) != 2 {
							t.Errorf("the SLBIngress is %+v", s)
						}
						if r := b.resource("alb rule"); !strings.HasPrefix(r.Detail, "1 of ") || !strings.HasSuffix(r.Detail, "/* → Redirect") {
							t.Errorf("the redirect is %s", r.Detail)
						}
						return nil
					}),
			},
			{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
			{
				// By hand: a listener deleted, one stopped, the balancer renamed, the SLBIngress told something else.
				PreConfig: func() {
					for _, r := range b.Resources() {
						switch {
						case r.Kind == "alb listener" && strings.Contains(r.Detail, "HTTP 9080"):
							b.call(cloud.ALB, "DeleteListener", byListener{r.ID})
						case r.Kind == "alb listener" && strings.Contains(r.Detail, "HTTPS 8443"):
							b.call(cloud.ALB, "StopListener", byListener{r.ID})
						}
					}
					time.Sleep(100 * time.Millisecond)
					b.call(cloud.ALB, "UpdateLoadBalancerAttribute", struct {
						byID
						Name string `json:"LoadBalancerName"`
					}{byID{first}, "by-hand"})
					time.Sleep(100 * time.Millisecond)
				},
				Config: config(all...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionUpdate),
				}},
				Check: func(*terraform.State) error {
					if lb := b.resource("alb"); lb.Name != "shop" || lb.Tags["team"] != "a" {
						t.Errorf("the load balancer is %+v", lb)
					}
					for _, r := range b.Resources() {
						if r.Kind == "alb listener" && r.Status != "Running" {
							t.Errorf("%s is %s", r.Detail, r.Status)
						}
					}
					return b.has(map[string]int{"alb": 1, "alb listener": 3, "alb rule": 1, "alb server group": 1})(nil)
				},
			},
			{
				PreConfig: func() { b.letGo() },
				Config:    config(all...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionUpdate),
				}},
				Check: func(*terraform.State) error {
					if s := b.spec(); s.LoadBalancerID != first || len(s.Listeners) != 2 {
						t.Errorf("bound again, the SLBIngress is %+v", s)
					}
					return nil
				},
			},
			{
				PreConfig: func() { b.patch(`{"spec":{"listeners":[{"id":"lsn-x","port":1,"protocol":"HTTP"}]}}`) },
				Config:    config(all...), ExpectError: says(`spec.listeners is owned by "kubectl-patch"`),
			},
			{Config: config(append(all, "force_conflicts = true")...)},
			{Config: config(newALB, listenerHCL(8443, "HTTP"), "force_conflicts = true"), Check: b.has(map[string]int{"alb": 1, "alb listener": 1, "alb server group": 1})},
			{
				// The load balancer deleted by hand: all of it is made anew.
				PreConfig: func() {
					b.call(cloud.ALB, "DeleteListener", byListener{b.resource("alb listener").ID})
					time.Sleep(100 * time.Millisecond)
					b.call(cloud.ALB, "DeleteLoadBalancer", byID{first})
					time.Sleep(100 * time.Millisecond)
				},
				Config: config(newALB, plain),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionDestroyBeforeCreate),
				}},
				Check: func(*terraform.State) error {
					if second = b.resource("alb").ID; second == first || b.spec().LoadBalancerID != second {
						t.Errorf("it is %s after %s, and bound is %s", second, first, b.spec().LoadBalancerID)
					}
					return b.has(map[string]int{"alb": 1, "alb listener": 1, "alb server group": 1})(nil)
				},
			},
			{Config: config(newALB, plain, `delete_protection = "on"`)},
			{Config: config(newALB, plain, `delete_protection = "on"`), Destroy: true, ExpectError: says(`Set it to "off" and apply, then destroy.`)},
			{Config: config(newALB, plain)}, // what is left out stays as it is
			{Config: config(newALB, plain, `delete_protection = "off"`)},
		},
		CheckDestroy: b.empty,
	})
}

// The examples of the documentation are applied as they are written, save for what is of an account: IDs, and the name, of which a
// cluster has one.
func TestAccSLBIngressExamples(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	var text strings.Builder
	for _, file := range []string{"resources/knative_slb_ingress/resource.tf", "data-sources/knative_slb_ingress/data-source.tf"} {
		raw, err := os.ReadFile("../examples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(raw)
	}
	ids := strings.NewReplacer("vpc-bp1example", slbsim.FirstVPC, "vsw-bp1a", slbsim.VSwitchA, "vsw-bp1b", slbsim.VSwitchB,
		"10000001-cn-hangzhou", b.certificates("example.com")[0],
		"data \"knative_slb_ingress\" \"shop\" {\n  name = \"shop\"", "data \"knative_slb_ingress\" \"shop\" {\n  name = knative_slb_ingress.shop.name",
		`= "shop"`, fmt.Sprintf("= %q", b.name))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps:                    []resource.TestStep{{Config: config(b.provider(), hcl(ids.Replace(text.String())))}},
		CheckDestroy:             b.empty,
	})
}
