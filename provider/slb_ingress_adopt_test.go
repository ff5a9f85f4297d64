package provider

import (
	"fmt"
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
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// The life of a CLB, and what the data source says of it.
func TestAccSLBIngressCLB(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{Jobs: 20 * time.Millisecond})
	data := hcl("data \"knative_slb_ingress\" \"it\" {\n  name = knative_slb_ingress.it.name\n}\n")
	config := func(lines ...string) string {
		return config(b.provider(), b.ingress(append([]string{newCLB}, lines...)...), data)
	}
	clb := func(listeners int) func(*terraform.State) error {
		return b.has(map[string]int{"clb": 1, "clb listener": listeners, "clb server group": 1})
	}
	cert := b.CLBCertificate("shop.example.com")
	all := []string{
		`tags = { team = "b" }`, `modification_protection_status = "ConsoleProtection"`, `modification_protection_reason = "Terraform's"`,
		listenerHCL(8080, "HTTP", "forward_port = 8443"),
		listenerHCL(8443, "HTTPS", "request_timeout = 90", "certificates {\n      certificate_id = \""+cert+"\"\n    }"),
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: config(listenerHCL(8080, "HTTP")),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue(it, tfjsonpath.New("dns_name"), knownvalue.Null()),
					statecheck.ExpectKnownValue("data."+it, tfjsonpath.New("load_balancer_type"), knownvalue.StringExact("CLB")),
					statecheck.ExpectKnownValue("data."+it, tfjsonpath.New("listeners").AtSliceIndex(0).AtMapKey("port"), knownvalue.Int64Exact(8080)),
					statecheck.ExpectKnownValue("data."+it, tfjsonpath.New("ready"), knownvalue.Null()),
				},
				Check: resource.ComposeTestCheckFunc(clb(1), func(*terraform.State) error {
					lb := b.resource("clb")
					want := v1alpha1.SLBIngressSpec{
						LoadBalancerType: "CLB", LoadBalancerID: lb.ID, Region: "cn-hangzhou", VPCID: slbsim.FirstVPC, Address: lb.Detail,
						Listeners: []v1alpha1.SLBListener{{Port: 8080, Protocol: "HTTP", Visibility: "Public"}},
					}
					if diff := cmp.Diff(want, b.spec()); diff != "" {
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
				Check: clb(2),
			},
			{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
			{
				PreConfig: func() {
					b.call(cloud.CLB, "SetLoadBalancerName", struct {
						byID
						Name string `json:"LoadBalancerName"`
					}{byID{b.resource("clb").ID}, "by-hand"})
				},
				Config: config(append(all, `load_balancer_name = "shop"`)...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionUpdate),
				}},
				Check: func(*terraform.State) error {
					if lb := b.resource("clb"); lb.Name != "shop" || lb.Tags["team"] != "b" {
						t.Errorf("the load balancer is %+v", lb)
					}
					return nil
				},
			},
			{
				// Another zone is another load balancer.
				Config: config(append(all, `load_balancer_name = "shop"`, `master_zone_id = "cn-hangzhou-b"`)...),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(it, plancheck.ResourceActionDestroyBeforeCreate),
				}},
				Check: clb(2),
			},
		},
		CheckDestroy: b.empty,
	})
}

// theirs makes a load balancer with a listener at 9090 as somebody else does: without our tag.
func (b *slbBed) theirs(kind v1alpha1.LoadBalancerType) string {
	b.t.Helper()
	ctx := b.t.Context()
	m := balancer.New(b.Client, kind, balancer.Owner{Cluster: "x", Name: "theirs"}, func(string) {})
	s := balancer.Settings{Name: "theirs", AddressType: "Intranet", VPCID: slbsim.FirstVPC}
	s.Zones = []balancer.Zone{{ID: "cn-hangzhou-a", VSwitchID: slbsim.VSwitchA}, {ID: "cn-hangzhou-b", VSwitchID: slbsim.VSwitchB}}
	if kind == v1alpha1.CLB {
		s = balancer.Settings{Name: "theirs", AddressType: "intranet", CLBSettings: balancer.CLBSettings{VSwitchID: slbsim.VSwitchA}}
	}
	lb, err := m.Make(ctx, s, func(string) {})
	if err == nil {
		err = m.Listen(ctx, lb, []balancer.Listener{{Port: 9090, Protocol: "HTTP"}})
	}
	if err == nil {
		_, err = m.Release(ctx, lb)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return lb.ID
}

// A load balancer of somebody else's is adopted, imported, and whole after the destroy.
func TestAccSLBIngressAdopted(t *testing.T) {
	t.Parallel()
	for _, kind := range []v1alpha1.LoadBalancerType{v1alpha1.ALB, v1alpha1.CLB} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := newSLBBed(t, slbsim.Options{})
			id := b.theirs(kind)
			before := b.Resources()
			adopt := fmt.Sprintf("load_balancer_type = %q\n  load_balancer_id = %q", kind, id)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories,
				Steps: []resource.TestStep{
					{Config: config(b.provider(), b.ingress(adopt, listenerHCL(9090, "HTTP"))), ExpectError: says("port 9090 of " + id + " has a listener already")},
					{
						Config: config(b.provider(), b.ingress(adopt, listenerHCL(8080, "HTTP"))),
						ConfigStateChecks: []statecheck.StateCheck{
							statecheck.ExpectKnownValue(it, tfjsonpath.New("adopted"), knownvalue.Bool(true)),
							statecheck.ExpectKnownValue(it, tfjsonpath.New("load_balancer_name"), knownvalue.StringExact("theirs")),
							statecheck.ExpectKnownValue(it, tfjsonpath.New("listener_ids"), knownvalue.MapSizeExact(1)),
						},
					},
					{ResourceName: it, ImportState: true, ImportStateId: b.name, ImportStateVerify: true},
					{Config: config(b.provider(), b.ingress(adopt, listenerHCL(8081, "HTTP")))},
				},
				CheckDestroy: func(*terraform.State) error {
					if diff := cmp.Diff(before, b.Resources()); diff != "" {
						t.Errorf("(-before +after)\n%s", diff)
					}
					return nil
				},
			})
		})
	}
}
