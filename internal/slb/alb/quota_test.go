package alb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// once deploys one time, and ends the test on an error.
func (b *bed) once() slb.Result {
	b.T.Helper()
	r, err := b.Deploy(b.T.Context(), b.w)
	if err != nil {
		b.T.Fatal(err)
	}
	b.w.Announced = slbtest.Announce(r)
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
	patient := quick
	patient.Retry = time.Minute
	b.Deployer = alb.New(b.Client, patient)
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
