package alb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// Bad days of a load balancer, each told with what to do.
func TestBadDays(t *testing.T) {
	act := func(b *bed, action string, in any) {
		t.Helper()
		if err := b.Client.Call(t.Context(), cloud.ALB, action, in, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		harm func(b *bed)
		kind cloud.Kind // of the error; Other: there is none, and the host is left out
		says string
	}{
		"the load balancer is gone": {func(b *bed) {
			act(b, "DeleteListener", struct {
				ID string `json:"ListenerId"`
			}{b.w.Listeners[0].ID})
			act(b, "DeleteLoadBalancer", struct {
				ID string `json:"LoadBalancerId"`
			}{b.w.LoadBalancerID})
		}, cloud.Gone, "deleted outside of Terraform"},
		"the listener is gone": {func(b *bed) {
			act(b, "DeleteListener", struct {
				ID string `json:"ListenerId"`
			}{b.w.Listeners[0].ID})
		}, cloud.Other, "is gone"},
		"the listener is stopped": {func(b *bed) {
			act(b, "StopListener", struct {
				ID string `json:"ListenerId"`
			}{b.w.Listeners[0].ID})
		}, cloud.Other, "is stopped"},
		"the listener is another": {func(b *bed) { b.w.Listeners[0].Protocol = "HTTPS" }, cloud.Other, "should be HTTPS"},
		"the key is no more": {func(b *bed) {
			b.Faults.Set(wire.Fault{Effect: wire.Effect{Error: wire.Refuse("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")}})
		}, cloud.Credentials, "credentials"},
		"a right is missing": {func(b *bed) {
			b.Faults.Set(wire.Fault{Action: "CreateRules", Effect: wire.Effect{Error: &wire.Error{Status: 403, Code: "Forbidden.RAM", Message: "not authorized"}}})
		}, cloud.Forbidden, "alb:CreateRules"},
		"a job is stuck": {func(b *bed) {
			b.Faults.Set(wire.Fault{Action: "CreateRules", Effect: wire.Effect{StickJob: true}})
		}, cloud.Other, "job"},
		"a job fails": {func(b *bed) {
			b.Faults.Set(wire.Fault{Action: "CreateRules", Effect: wire.Effect{FailJob: wire.Refuse("InternalError", "no")}})
		}, cloud.Other, "failed to carry it out"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slbsim.Options{})
			b.group("v1", slbtest.Pods(t, "v1", 1)...)
			b.rule("a.example.com", "v1", 100)
			b.settle()
			b.rule("b.example.com", "v1", 100)
			test.harm(b)
			time.Sleep(50 * time.Millisecond) // jobs
			b.Deployer = alb.New(b.Client, quick)
			r, err := b.Deploy(t.Context(), b.w)
			said := fmt.Sprint(err)
			if err == nil && len(r.LeftOut) > 0 {
				said = r.LeftOut[0].Reason
			}
			if cloud.KindOf(err) != test.kind || !strings.Contains(said, test.says) {
				t.Fatalf("got kind %v of %v, and %+v", cloud.KindOf(err), err, r)
			}
			if b.Faults.Set(); name == "a job is stuck" {
				b.FreeJobs()
			}
			if _, err := b.Remove(t.Context(), b.w); err != nil {
				t.Fatal(err)
			}
			b.Clear(b.Deployer, b.w)
			if left := b.Owned("alb server group") + b.Owned("alb rule"); left > 0 {
				t.Fatalf("%d resources are left: %+v", left, b.Resources())
			}
		})
	}
}

// Throttling, errors, lost replies and latency together: it converges, nothing is there twice, and nothing is left.
func TestConvergesUnderFaults(t *testing.T) {
	b := newBed(t, slbsim.Options{Seed: 7})
	for i := range 8 {
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
		for i := range 6 {
			b.rule(fmt.Sprintf("h%d.example.com", i), fmt.Sprintf("v%d", i), 100-10*round, fmt.Sprintf("v%d", (i+round)%8), 10*round)
		}
		if r := b.settle(); r.Ready() != 6 {
			t.Fatalf("round %d: %+v", round, r)
		}
		used := map[string]bool{}
		for _, r := range b.w.Rules {
			for _, target := range r.Forward {
				if target.Percent > 0 {
					used[target.Group] = true
				}
			}
		}
		if rules, groups := b.Owned("alb rule"), b.Owned("alb server group"); rules != 6 || groups != len(used) {
			t.Fatalf("round %d: %d rules and %d groups, want 6 and %d", round, rules, groups, len(used))
		}
	}
	b.Clear(b.Deployer, b.w)
	if left := b.Owned("alb server group") + b.Owned("alb rule"); left > 0 {
		t.Fatalf("%d resources are left", left)
	}
}

// A listener that Terraform makes anew is found, though what was known has none of its ID.
func TestListenerMadeAnew(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Now())
	b := newBed(t, slbsim.Options{})
	options := quick
	options.Clock = passing{clock}
	b.Deployer = alb.New(b.Client, options)
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	if err := b.Client.Call(t.Context(), cloud.ALB, "DeleteListener", map[string]string{"ListenerId": b.w.Listeners[0].ID}, nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	b.w.Listeners[0].ID = b.ALBListener(b.w.LoadBalancerID, 80)
	if r := b.once(); len(r.LeftOut) != 1 || r.Again == 0 {
		t.Fatalf("got %+v", r)
	}
	clock.SetTime(clock.Now().Add(6 * time.Second))
	b.ready(1)
	b.counts("shop.example.com", map[string]int{"v1": 100})
}

// passing tells a time of its own, and else is the real clock.
type passing struct{ clock.PassiveClock }

func (passing) Sleep(d time.Duration)                  { time.Sleep(d) }
func (passing) After(d time.Duration) <-chan time.Time { return time.After(d) }
func (passing) NewTimer(d time.Duration) clock.Timer   { return clock.RealClock{}.NewTimer(d) }
func (passing) Tick(d time.Duration) <-chan time.Time  { return time.Tick(d) }
func (passing) NewTicker(d time.Duration) clock.Ticker { return clock.RealClock{}.NewTicker(d) }
func (passing) AfterFunc(d time.Duration, f func()) clock.Timer {
	return clock.RealClock{}.AfterFunc(d, f)
}
