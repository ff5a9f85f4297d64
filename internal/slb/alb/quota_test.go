package alb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// once deploys one time, and ends the test on an error.
func (b *bed) once() slb.Result {
	b.T.Helper()
	r, err := b.Deploy(b.T.Context(), b.w)
	if err != nil {
		b.T.Fatal(err)
	}
	return r
}

// ready deploys until so many rules are ready.
func (b *bed) ready(n int) slb.Result {
	b.T.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if r := b.once(); r.Ready() == n {
			return r
		} else if time.Now().After(end) {
			b.T.Fatalf("%d rules are ready, want %d: %+v", r.Ready(), n, r)
		}
	}
}

// Rules beyond the quota are left out, with which quota, which host and what to do; the others are served; and with room all are.
func TestQuotaOfRules(t *testing.T) {
	quotas := slbsim.DefaultALB
	quotas.Standard.Rules = 3
	b := newBed(t, slbsim.Options{ALB: &quotas})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	for i := range 5 {
		b.rule(fmt.Sprintf("h%d.example.com", i), "v1", 100)
	}
	r := b.ready(3)
	if len(r.LeftOut) != 2 || r.Again == 0 {
		t.Fatalf("got %+v", r)
	}
	for _, left := range r.LeftOut {
		if left.Host == "" || !contains(left.Reason, "alb_quota_loadbalancer_rules_num") || !contains(left.Reason, "3/3") || !contains(left.Reason, "Quota Center") {
			t.Fatalf("got %+v", left)
		}
	}
	b.counts("h0.example.com", map[string]int{"v1": 100})
	b.Record.Reset()
	b.once()
	if n := len(b.Record.Entries()); n > 0 {
		t.Fatalf("what was refused is tried again at once: %d calls", n)
	}
	b.w.Rules = b.w.Rules[2:] // two go, and there is room
	if r = b.settle(); r.Ready() != 3 || len(r.LeftOut) > 0 {
		t.Fatalf("with room for all: %+v", r)
	}
}

// Pods beyond the quota are not added; the host is served by those that fit, and told.
func TestQuotaOfServers(t *testing.T) {
	quotas := slbsim.DefaultALB
	quotas.Standard.Servers = 4
	b := newBed(t, slbsim.Options{ALB: &quotas})
	b.group("v1", slbtest.Pods(t, "v1", 2)...)
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	b.rule("a.example.com", "v1", 100)
	b.rule("b.example.com", "v2", 100)
	b.settle()
	b.group("v1", append(b.w.Groups[0].Servers, slbtest.Pods(t, "v1", 3)...)...)
	r := b.once()
	if r.ServerCount != 4 || len(r.LeftOut) != 1 || r.LeftOut[0].Host != "a.example.com" || !contains(r.LeftOut[0].Reason, "2 of its Pods") || !contains(r.LeftOut[0].Reason, "servers_num") {
		t.Fatalf("got %+v", r)
	}
	b.rule("c.example.com", "v1", 100) // its servers count once more
	r = b.once()
	if len(r.LeftOut) != 3 || r.Ready() != 2 {
		t.Fatalf("got %+v", r)
	}
	b.counts("a.example.com", map[string]int{"v1": 100})
	b.counts("b.example.com", map[string]int{"v2": 100})
}

// A range of priorities that is full leaves out what has no place in it.
func TestPriorityRangeIsFull(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.w.PriorityFrom, b.w.PriorityTo = 7, 8
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	for i := range 3 {
		b.rule(fmt.Sprintf("h%d.example.com", i), "v1", 100)
	}
	if r := b.settle(); r.Ready() != 2 || len(r.LeftOut) != 1 || !contains(r.LeftOut[0].Reason, "from 7 to 8") {
		t.Fatalf("got %+v", r)
	}
	b.w.Rules[0], b.w.Rules[1] = b.w.Rules[1], b.w.Rules[0] // turned round in a full range
	if r := b.settle(); r.Ready() != 2 {
		t.Fatalf("got %+v", r)
	}
	b.w.Rules = b.w.Rules[1:]
	if r := b.settle(); r.Ready() != 2 || len(r.LeftOut) > 0 {
		t.Fatalf("got %+v", r)
	}
}

// More targets than a rule has groups: the smallest share one, and each gets its part.
func TestMoreThanFiveTargets(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	var targets []any
	for i, percent := range []int{30, 25, 20, 15, 6, 3, 1} {
		key := fmt.Sprintf("v%d", i)
		b.group(key, slbtest.Pods(t, key, 1+i%3)...)
		targets = append(targets, key, percent)
	}
	b.rule("shop.example.com", targets...)
	r := b.settle()
	if r.Ready() != 1 || r.GroupCount != 5 || len(r.Splits) != 1 || len(r.Splits[0].Shares) != 7 {
		t.Fatalf("got %+v", r)
	}
	got := b.Count(b.w.LoadBalancerID, 80, "shop.example.com", 1000)
	for i, percent := range []int{30, 25, 20, 15, 6, 3, 1} {
		if n := got[fmt.Sprintf("v%d", i)]; n < percent*10-5 || n > percent*10+5 {
			t.Fatalf("1000 requests went to %v", got)
		}
	}
}

// What an ALB cannot do is left out with the reason; the rest is served.
func TestLeftOut(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.group("zero", slbtest.Pods(t, "activator", 1)...)
	b.w.Groups[1].Activator = true
	b.w.Groups = append(b.w.Groups, slb.Group{Key: "grpc", Protocol: slb.GRPC, Servers: slbtest.Pods(t, "grpc", 1)})
	b.rule("fine.example.com", "v1", 100)
	b.rule("split.example.com", "v1", 50, "zero", 50)
	b.rule("grpc.example.com", "grpc", 100)
	b.rule("port.example.com", "v1", 100).Ports = []int{80, 81}
	b.rule("pattern.example.com", "v1", 100).Headers = map[string]string{"X": "a*"}
	b.rule("many.example.com", "v1", 100).InsertHeaders = map[string]string{"A": "a", "B": "b", "C": "c", "D": "d", "E": "e"}
	b.rule("bad_host", "v1", 100)
	r := b.ready(2)
	for host, says := range map[string]string{
		"split.example.com": "min-scale", "grpc.example.com": "HTTPS", "port.example.com": "port 81", "pattern.example.com": "pattern",
		"many.example.com": "at most 5", "bad_host": "IllegalParam",
	} {
		found := false
		for _, left := range r.LeftOut {
			found = found || left.Host == host && contains(left.Reason, says)
		}
		if !found {
			t.Errorf("%s is not left out with %q: %+v", host, says, r.LeftOut)
		}
	}
	b.counts("fine.example.com", map[string]int{"v1": 100})
	b.counts("port.example.com", map[string]int{"v1": 100})
}

// A rule that stands stays as it is while it cannot become what is wanted.
func TestWhatCannotBeChangedStays(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.group("v2", slbtest.Pods(t, "activator", 1)...)
	b.w.Groups[1].Activator = true
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	b.rule("shop.example.com", "v1", 50, "v2", 50)
	if r := b.settle(); len(r.LeftOut) != 1 || r.Ready() != 0 {
		t.Fatalf("got %+v", r)
	}
	b.group("v1", slbtest.Pods(t, "v1b", 1)...) // its servers go on being brought there
	b.settle()
	b.counts("shop.example.com", map[string]int{"v1b": 100})
}

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
