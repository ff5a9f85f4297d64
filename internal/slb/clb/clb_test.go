package clb_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/clb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// bed is an emulator with a load balancer and a listener, and a deployer of it.
type bed struct {
	*slbtest.Bed
	*clb.Deployer
	w slb.Wanted
}

func newBed(t *testing.T, o slbsim.Options) *bed {
	t.Helper()
	b := &bed{Bed: slbtest.New(t, o)}
	b.PutInterface(slbsim.Interface{ID: "eni-1", IPs: []string{"127.0.0.1"}})
	b.w = slb.Wanted{
		Owner: slb.Owner{Cluster: "cluster-1", Ingress: "main"}, LoadBalancerID: b.CLB("test"),
		Listeners: []slb.Listener{{Port: 80, Protocol: "HTTP"}},
	}
	b.CLBListener(b.w.LoadBalancerID, 80)
	b.Deployer = clb.New(b.Client, quick)
	return b
}

var quick = clb.Options{Drain: 400 * time.Millisecond, Retry: 300 * time.Millisecond}

// group puts a group among what is wanted.
func (b *bed) group(key string, servers ...slb.Server) {
	for i, g := range b.w.Groups {
		if g.Key == key {
			b.w.Groups[i].Servers = servers
			return
		}
	}
	b.w.Groups = append(b.w.Groups, slb.Group{Key: key, Protocol: slb.HTTP, Servers: servers})
}

// rule puts a rule for a host among what is wanted; its targets are keys and percents in turn.
func (b *bed) rule(host string, targets ...any) *slb.Rule {
	r := slb.Rule{Key: host, Ports: []int{80}, Host: host}
	for i := 0; i < len(targets); i += 2 {
		r.Forward = append(r.Forward, slb.Target{Group: targets[i].(string), Percent: targets[i+1].(int)})
	}
	for i := range b.w.Rules {
		if b.w.Rules[i].Key == host {
			b.w.Rules[i] = r
			return &b.w.Rules[i]
		}
	}
	b.w.Rules = append(b.w.Rules, r)
	return &b.w.Rules[len(b.w.Rules)-1]
}

func (b *bed) settle() slb.Result {
	b.T.Helper()
	r := b.Settle(b.Deployer, b.w)
	time.Sleep(30 * time.Millisecond) // a CLB answers before traffic follows
	return r
}

// shares ends the test unless requests are spread so, within a part of them.
func (b *bed) shares(host string, requests int, within float64, want map[string]float64) {
	b.T.Helper()
	got := b.Count(b.w.LoadBalancerID, 80, host, requests)
	for revision, percent := range want {
		if off := math.Abs(float64(got[revision])/float64(requests)*100 - percent); off > within {
			b.T.Fatalf("%d requests for %s went to %v, want %v", requests, host, got, want)
		}
	}
}

// From nothing to a split, to others with unequal Pods, and to nothing.
func TestSplit(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 3)...)
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	b.rule("shop.example.com", "v1", 100)
	if r := b.settle(); r.Ready() != 1 || len(r.LeftOut)+len(r.Splits) > 0 || r.RuleCount != 1 || r.GroupCount != 1 || r.ServerCount != 3 {
		t.Fatalf("got %+v", r)
	}
	b.shares("shop.example.com", 100, 0, map[string]float64{"v1": 100})
	for _, percent := range []int{30, 10, 50} {
		b.rule("shop.example.com", "v1", 100-percent, "v2", percent)
		r := b.settle()
		if r.Ready() != 1 || len(r.Splits) != 1 || math.Abs(r.Splits[0].Shares[1].Reached-float64(percent)) > 0.01 {
			t.Fatalf("got %+v", r)
		}
		b.shares("shop.example.com", 1000, 0.2, map[string]float64{"v1": float64(100 - percent), "v2": float64(percent)})
	}
	b.rule("shop.example.com", "v1", 0, "v2", 100)
	b.settle()
	b.shares("shop.example.com", 100, 0, map[string]float64{"v2": 100})
	b.Clear(b.Deployer, b.w)
	for _, r := range b.Resources() {
		if r.Kind == "clb rule" || r.Kind == "clb server group" {
			t.Fatalf("left: %+v", r)
		}
	}
}

// A split out of the range of weights leaves Pods idle, and says so.
func TestIdlePods(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.group("v2", slbtest.Pods(t, "v2", 25)...) // more than one call may have
	b.rule("shop.example.com", "v1", 95, "v2", 5)
	r := b.settle()
	if len(r.Splits) != 1 || r.Splits[0].Idle != 20 || math.Abs(r.Splits[0].Shares[1].Reached-5) > 0.01 || r.ServerCount != 26 {
		t.Fatalf("got %+v", r)
	}
	b.shares("shop.example.com", 1000, 0.2, map[string]float64{"v1": 95, "v2": 5})
}

// Pods come and go, and splits shift, under load: no request is lost, and Pod counts do not change the split.
func TestChangesLoseNoRequest(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 2)...)
	b.group("v2", slbtest.Pods(t, "v2", 1)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	stop := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/")
	slow := b.Load(b.w.LoadBalancerID, 80, "shop.example.com", "/slow")
	for _, step := range []struct{ percent, v1, v2 int }{{30, 2, 3}, {70, 1, 5}, {0, 3, 1}} {
		b.group("v1", slbtest.Pods(t, "v1", step.v1)...)
		b.group("v2", slbtest.Pods(t, "v2", step.v2)...)
		b.rule("shop.example.com", "v1", 100-step.percent, "v2", step.percent)
		b.settle()
		b.shares("shop.example.com", 500, 5, map[string]float64{"v1": float64(100 - step.percent), "v2": float64(step.percent)})
	}
	asked, failed := stop()
	slowly, failedSlowly := slow()
	if len(failed)+len(failedSlowly) > 0 || asked < 100 || slowly < 10 {
		t.Fatalf("of %d and %d requests failed %v and %v", asked, slowly, failed, failedSlowly)
	}
}

// Paths, several listeners, and another's rule.
func TestRules(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.CLBListener(b.w.LoadBalancerID, 8080)
	b.w.Listeners = append(b.w.Listeners, slb.Listener{Port: 8080, Protocol: "HTTP"})
	b.group("a", slbtest.Pods(t, "a", 1)...)
	b.group("b", slbtest.Pods(t, "b", 1)...)
	path := b.rule("path", "b", 100)
	path.Host, path.Path, path.Ports = "x.example.com", "/b", []int{80, 8080}
	b.rule("x.example.com", "a", 100)
	if r := b.settle(); r.Ready() != 2 || r.RuleCount != 3 || r.GroupCount != 2 {
		t.Fatalf("got %+v", r)
	}
	for _, test := range []struct {
		port     int
		path     string
		revision string
	}{{80, "/", "a"}, {80, "/b/c", "b"}, {8080, "/b", "b"}, {8080, "/", ""}} {
		if a, err := b.Get(t.Context(), b.w.LoadBalancerID, test.port, "x.example.com", test.path); err != nil || a.Revision != test.revision {
			t.Fatalf("%+v: got %+v, %v", test, a, err)
		}
	}
	theirs := b.w
	theirs.Owner.Ingress, theirs.Rules = "theirs", b.w.Rules[1:]
	r := b.Settle(clb.New(b.Client, quick), theirs)
	if r.Ready() != 0 || len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0].Reason, "not of this SLBIngress") {
		t.Fatalf("a place that is taken: %+v", r)
	}
	b.Clear(clb.New(b.Client, quick), theirs)
	if r := b.settle(); r.Ready() != 2 || r.RuleCount != 3 {
		t.Fatalf("after theirs went: %+v", r)
	}
}

// What a CLB cannot do is left out with the reason; the rest is served.
func TestLeftOut(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.group("far", slb.Server{IP: "10.9.9.9", Port: 80})
	b.w.Groups = append(b.w.Groups,
		slb.Group{Key: "zero", Protocol: slb.HTTP, Servers: slbtest.Pods(t, "activator", 1), Activator: true},
		slb.Group{Key: "grpc", Protocol: slb.GRPC, Servers: slbtest.Pods(t, "grpc", 1)})
	b.rule("fine.example.com", "v1", 100).Forward[0].InsertHeaders = map[string]string{"Knative-Serving-Revision": "v1"}
	b.rule("zero.example.com", "zero", 100)
	b.rule("grpc.example.com", "grpc", 100)
	b.rule("far.example.com", "far", 100)
	b.rule("header.example.com", "v1", 100).Headers = map[string]string{"X": "a"}
	b.rule("insert.example.com", "v1", 100).InsertHeaders = map[string]string{"X": "a"}
	b.rule("rewrite.example.com", "v1", 100).RewriteHost = "other.example.com"
	b.rule("redirect.example.com").Redirect = true
	b.rule("port.example.com", "v1", 100).Ports = []int{81}
	b.rule("bad_host", "v1", 100)
	twice := b.rule("twice", "v1", 100)
	twice.Host = "fine.example.com"
	r, err := b.Deploy(t.Context(), b.w)
	if err != nil || r.Ready() != 1 || r.Again == 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	for key, says := range map[string]string{
		"zero.example.com": "min-scale", "grpc.example.com": "HTTP/1.1", "far.example.com": "Terway", "header.example.com": "headers",
		"insert.example.com": "inserts", "rewrite.example.com": "Host", "redirect.example.com": "redirect", "port.example.com": "port 81",
		"bad_host": "InvalidParameter", "twice": "no order",
	} {
		found := false
		for _, left := range r.LeftOut {
			found = found || left.Rule == key && strings.Contains(left.Reason, says)
		}
		if !found {
			t.Errorf("%s is not left out with %q: %+v", key, says, r.LeftOut)
		}
	}
	time.Sleep(30 * time.Millisecond)
	b.shares("fine.example.com", 10, 0, map[string]float64{"v1": 100})
}

// Quotas: what fits is served, the rest is told, and served when there is room.
func TestQuotas(t *testing.T) {
	for name, test := range map[string]struct {
		quotas slbsim.CLBQuotas
		ready  int
		left   int
		says   string
	}{
		"of rules":   {slbsim.CLBQuotas{Balancers: 9, Listeners: 9, Rules: 3, Groups: 9, Servers: 99}, 3, 2, "rules of the listener"},
		"of groups":  {slbsim.CLBQuotas{Balancers: 9, Listeners: 9, Rules: 9, Groups: 4, Servers: 99}, 4, 1, "VServer groups"},
		"of servers": {slbsim.CLBQuotas{Balancers: 9, Listeners: 9, Rules: 9, Groups: 9, Servers: 7}, 4, 2, "of its Pods"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slbsim.Options{CLB: &test.quotas})
			b.group("v1", slbtest.Pods(t, "v1", 2)...)
			for i := range 5 {
				b.rule(fmt.Sprintf("h%d.example.com", i), "v1", 100)
			}
			r, err := b.Deploy(t.Context(), b.w)
			if err != nil || r.Ready() != test.ready || len(r.LeftOut) != test.left || r.Again == 0 || !strings.Contains(fmt.Sprint(r.LeftOut), test.says) {
				t.Fatalf("got %+v, %v", r, err)
			}
			b.w.Rules = b.w.Rules[2:]
			if r := b.settle(); r.Ready() != 3 || len(r.LeftOut) > 0 {
				t.Fatalf("with room for all: %+v", r)
			}
		})
	}
}

// An address that another Pod got, on another interface, leads there.
func TestAddressMovesToAnotherInterface(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	options := quick
	options.Interfaces = time.Millisecond
	b.Deployer = clb.New(b.Client, options)
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.rule("shop.example.com", "v1", 100)
	b.settle()
	b.PutInterface(slbsim.Interface{ID: "eni-1", IPs: []string{"10.1.1.1"}})
	b.PutInterface(slbsim.Interface{ID: "eni-2", IPs: []string{"127.0.0.1"}})
	b.settle()
	if text := fmt.Sprint(b.Picture()); !strings.Contains(text, "eni-2/127.0.0.1") || strings.Contains(text, "eni-1") {
		t.Fatalf("got %s", text)
	}
}
