package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// deleting is nil when the SLBIngress is being deleted.
func (b *slbBed) deleting() error {
	u := b.live()
	if u == nil || u.GetDeletionTimestamp() == nil {
		return fmt.Errorf("the SLBIngress is not being deleted")
	}
	return nil
}

// Throttled, refused, and with replies lost, an apply and a destroy go through, and nothing is doubled or left.
func TestAccSLBIngressBadDays(t *testing.T) {
	t.Parallel()
	for _, made := range []string{newALB, newCLB} {
		t.Run(map[string]string{newALB: "ALB", newCLB: "CLB"}[made], func(t *testing.T) {
			t.Parallel()
			b := newSLBBed(t, slbsim.Options{Seed: 7})
			b.Faults.Set(
				wire.Fault{Rate: 0.2, Effect: wire.Effect{Throttle: true}},
				wire.Fault{Rate: 0.1, Effect: wire.Effect{Error: &wire.Error{Status: 503, Code: "ServiceUnavailable", Message: "Try again."}}},
				wire.Fault{Rate: 0.1, Effect: wire.Effect{LoseReply: true}},
			)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories,
				Steps: []resource.TestStep{{
					Config: config(b.provider(), b.ingress(made, listenerHCL(8080, "HTTP"), listenerHCL(8081, "HTTP"))),
					Check:  b.has(map[string]map[string]int{newALB: {"alb": 1, "alb listener": 2, "alb server group": 1}, newCLB: {"clb": 1, "clb listener": 2, "clb server group": 1}}[made]),
				}},
				CheckDestroy: b.empty,
			})
		})
	}
}

// What the cloud refuses is told with what to do, and leaves nothing that the next apply would not find.
func TestAccSLBIngressRefused(t *testing.T) {
	t.Parallel()
	one := func(b *slbBed) hcl { return b.ingress(newALB, listenerHCL(8080, "HTTP")) }
	for name, tc := range map[string]struct {
		key   wire.Key
		fault *wire.Fault
		alb   *slbsim.Quotas
		says  []string
	}{
		"expired": {
			key:  wire.Key{ID: "STS.old", Secret: "s", Token: "t", Expires: time.Now().Add(-time.Minute)},
			says: []string{"Alibaba Cloud does not accept the credentials", "InvalidSecurityToken.Expired", "Give credentials that are valid"},
		},
		"no right": {
			key:  wire.Key{ID: "poor", Secret: "s", Deny: []string{"alb:CreateListener"}},
			says: []string{"A right is missing in Alibaba Cloud", "no right to alb:CreateListener", "RAM policy"},
		},
		"quota": {
			key: wire.Key{ID: "full", Secret: "s"}, alb: &slbsim.Quotas{Basic: slbsim.DefaultALB.Basic, Standard: slbsim.DefaultALB.Standard},
			says: []string{"A quota of Alibaba Cloud is used up", "alb_quota_loadbalancers_num"},
		},
		"no such vSwitch": {
			key:   wire.Key{ID: "k", Secret: "s"},
			fault: &wire.Fault{Action: "CreateLoadBalancer", Effect: wire.Effect{Error: &wire.Error{Status: 404, Code: "ResourceNotFound.VSwitch", Message: "The specified resource vsw-1 is not found."}}},
			says:  []string{"The load balancer is not as it should be", "vsw-1 is not found"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newSLBBed(t, slbsim.Options{ALB: tc.alb})
			b.Keys.Add(tc.key)
			if tc.fault != nil {
				b.Faults.Set(*tc.fault)
			}
			lines := []string{fmt.Sprintf("access_key = %q", tc.key.ID), fmt.Sprintf("secret_key = %q", tc.key.Secret)}
			if tc.key.Token != "" {
				lines = append(lines, fmt.Sprintf("security_token = %q", tc.key.Token))
			}
			cli := workspace(t, nil, b.provider(lines...), one(b))
			out, ok := output(t, cli, applyNow...)
			for _, want := range tc.says {
				if ok || !says(want).MatchString(out) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			for _, secret := range []string{tc.key.Token, "Signature="} {
				if secret != "" && len(secret) > 1 && strings.Contains(out, secret) {
					t.Errorf("it says %q:\n%s", secret, out)
				}
			}
			b.Faults.Set()
			if tc.alb != nil {
				return
			}
			before := b.Resources()
			rewrite(t, cli, b.provider(), one(b))
			converges(t, cli)
			if err := b.has(map[string]int{"alb": 1, "alb listener": 1, "alb server group": 1})(nil); err != nil {
				t.Error(err)
			}
			if lb := b.resource("alb"); len(before) > 0 && lb.ID != before[0].ID {
				t.Errorf("%s was there, and %s was made in its place", before[0].ID, lb.ID)
			}
		})
	}
}
