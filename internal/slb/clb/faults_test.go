package clb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/clb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// Bad days of a load balancer, each told with what to do.
func TestBadDays(t *testing.T) {
	id := func(b *bed) any {
		return struct {
			ID string `json:"LoadBalancerId"`
		}{b.w.LoadBalancerID}
	}
	listener := func(b *bed) any {
		return struct {
			ID   string `json:"LoadBalancerId"`
			Port int    `json:"ListenerPort"`
		}{b.w.LoadBalancerID, 80}
	}
	call := func(b *bed, action string, in any) {
		b.T.Helper()
		if err := b.Client.Call(b.T.Context(), cloud.CLB, action, in, nil); err != nil {
			b.T.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
	}
	for name, test := range map[string]struct {
		harm func(b *bed)
		kind cloud.Kind // of the error; Other: there is none, and the host is left out
		says string
	}{
		"the load balancer is gone": {func(b *bed) { call(b, "DeleteLoadBalancer", id(b)) }, cloud.Gone, "deleted outside of Terraform"},
		"the listener is gone":      {func(b *bed) { call(b, "DeleteLoadBalancerListener", listener(b)) }, cloud.Other, "is gone"},
		"the listener is stopped":   {func(b *bed) { call(b, "StopLoadBalancerListener", listener(b)) }, cloud.Other, "is stopped"},
		"the key is no more": {func(b *bed) {
			b.Faults.Set(wire.Fault{Effect: wire.Effect{Error: wire.Refuse("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")}})
		}, cloud.Credentials, "credentials"},
		"a right is missing": {func(b *bed) {
			b.Faults.Set(wire.Fault{Action: "DescribeNetworkInterfaces", Effect: wire.Effect{Error: &wire.Error{Status: 403, Code: "Forbidden.RAM", Message: "no"}}})
		}, cloud.Forbidden, "ecs:DescribeNetworkInterfaces"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slbsim.Options{})
			b.group("v1", slbtest.Pods(t, "v1", 1)...)
			b.rule("a.example.com", "v1", 100)
			b.settle()
			b.rule("b.example.com", "v1", 100)
			test.harm(b)
			b.Deployer = clb.New(b.Client, quick)
			r, err := b.Deploy(t.Context(), b.w)
			said := fmt.Sprint(err)
			if err == nil && len(r.LeftOut) > 0 {
				said = r.LeftOut[0].Reason
			}
			if cloud.KindOf(err) != test.kind || !strings.Contains(said, test.says) {
				t.Fatalf("got kind %v of %v, and %+v", cloud.KindOf(err), err, r)
			}
			b.Faults.Set()
			b.Clear(b.Deployer, b.w)
			if left := b.Owned("clb server group"); left > 0 {
				t.Fatalf("%d resources are left: %+v", left, b.Resources())
			}
		})
	}
}

// Throttling, errors, lost replies and latency together: it converges, nothing is there twice, and nothing is left.
func TestConvergesUnderFaults(t *testing.T) {
	b := newBed(t, slbsim.Options{Seed: 7})
	for i := range 4 {
		b.group(fmt.Sprintf("v%d", i), slbtest.Pods(t, fmt.Sprintf("v%d", i), 2)...)
	}
	b.Faults.Set(
		wire.Fault{Rate: 0.3, Effect: wire.Effect{Throttle: true}},
		wire.Fault{Rate: 0.1, Effect: wire.Effect{Error: &wire.Error{Status: 500, Code: "InternalError", Message: "no"}}},
		wire.Fault{Rate: 0.05, Effect: wire.Effect{LoseReply: true}},
		wire.Fault{Effect: wire.Effect{Latency: 5 * time.Millisecond}},
	)
	for round := range 3 {
		b.w.Rules = nil
		for i := range 4 {
			b.rule(fmt.Sprintf("h%d.example.com", i), fmt.Sprintf("v%d", i), 100-10*round, fmt.Sprintf("v%d", (i+round)%4), 10*round)
		}
		if r := b.settle(); r.Ready() != 4 || r.RuleCount != 4 || r.GroupCount != 4 {
			t.Fatalf("round %d: %+v", round, r)
		}
		rules := 0
		for _, r := range b.Resources() {
			if r.Kind == "clb rule" {
				rules++
			}
		}
		if groups := b.Owned("clb server group"); rules != 4 || groups != 4 {
			t.Fatalf("round %d: %d rules and %d groups, want 4 each", round, rules, groups)
		}
	}
	b.Clear(b.Deployer, b.w)
	if left := b.Owned("clb server group"); left > 0 {
		t.Fatalf("%d resources are left", left)
	}
}

// A guard that is killed at any call leaves nothing that the next one does not put right.
func TestKilledAtEachCall(t *testing.T) {
	brisk := quick
	brisk.Drain = 50 * time.Millisecond
	pods := map[string][]slb.Server{}
	for i := range 3 {
		name := fmt.Sprintf("v%d", i)
		pods[name] = slbtest.Pods(t, name, 2)
	}
	goes, old, renewed := slbtest.SecretCertificate(t, "goes", "goes.example.com"), slbtest.SecretCertificate(t, "stays", "stays.example.com"), slbtest.SecretCertificate(t, "stays", "stays.example.com")
	slbtest.KillAtEachCall(t, func(t *testing.T) slbtest.Scenario {
		t.Helper()
		b := newBed(t, slbsim.Options{})
		b.group("v0", pods["v0"]...)
		b.group("v1", pods["v1"][0])
		b.secure()
		b.w.Certificates = []slb.Certificate{goes, old}
		b.both("stays.example.com", old.Key)
		b.rule("goes.example.com", "v0", 100).Certificate = goes.Key
		b.w.Rules[1].Ports = []int{443}
		b.rule("split.example.com", "v0", 70, "v1", 30)
		before := b.w
		b.w.Groups, b.w.Rules, b.w.Certificates = nil, nil, []slb.Certificate{renewed}
		b.group("v1", pods["v1"][1])
		b.group("v2", pods["v2"]...)
		b.rule("new.example.com", "v2", 100)
		b.both("stays.example.com", renewed.Key)
		b.rule("split.example.com", "v1", 20, "v2", 80)
		return slbtest.Scenario{Bed: b.Bed, Before: before, After: b.w, New: func() slb.Deployer { return clb.New(b.Client, brisk) }}
	})
}
