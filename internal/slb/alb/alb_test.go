package alb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// bed is an emulator with a load balancer and a listener, and a deployer of it.
type bed struct {
	*slbtest.Bed
	*alb.Deployer
	w slb.Wanted
}

func newBed(t *testing.T, o slbsim.Options) *bed {
	t.Helper()
	b := &bed{Bed: slbtest.New(t, o)}
	b.w = slb.Wanted{
		Owner: slb.Owner{Cluster: "cluster-1", Ingress: "main"}, LoadBalancerID: b.ALB("test", "Standard"),
		PriorityFrom: 1, PriorityTo: 10_000,
	}
	b.w.Listeners = []slb.Listener{{ID: b.ALBListener(b.w.LoadBalancerID, 80), Port: 80, Protocol: "HTTP"}}
	b.Deployer = alb.New(b.Client, quick)
	return b
}

// quick is for an emulator whose seconds are 20 ms.
var quick = alb.Options{
	Drain: 400 * time.Millisecond, Look: 20 * time.Millisecond, Patience: 2 * time.Second, Ask: 5 * time.Millisecond, Job: 2 * time.Second,
	Retry: 300 * time.Millisecond,
}

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
	return b.Settle(b.Deployer, b.w)
}

// counts ends the test unless 100 requests are spread so.
func (b *bed) counts(host string, want map[string]int) {
	b.T.Helper()
	got := b.Count(b.w.LoadBalancerID, 80, host, 100)
	for revision, n := range want {
		if got[revision] != n {
			b.T.Fatalf("100 requests for %s went to %v, want %v", host, got, want)
		}
	}
}

// From nothing to a split, to another, and to nothing.
func TestSplit(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("shop/v1:8012", slbtest.Pods(t, "v1", 3)...)
	b.group("shop/v2:8012", slbtest.Pods(t, "v2", 1)...)
	b.rule("shop.example.com", "shop/v1:8012", 100)
	r := b.settle()
	if r.Ready() != 1 || len(r.LeftOut) > 0 || r.RuleCount != 1 || r.GroupCount != 1 || r.ServerCount != 3 {
		t.Fatalf("got %+v", r)
	}
	b.counts("shop.example.com", map[string]int{"v1": 100})
	b.rule("shop.example.com", "shop/v1:8012", 70, "shop/v2:8012", 30)
	b.settle()
	b.counts("shop.example.com", map[string]int{"v1": 70, "v2": 30})
	b.rule("shop.example.com", "shop/v1:8012", 0, "shop/v2:8012", 100)
	b.settle()
	b.counts("shop.example.com", map[string]int{"v2": 100})
	if n := b.Owned("alb server group"); n != 1 {
		t.Fatalf("%d server groups, want 1: the one without a part of the requests is deleted", n)
	}
	b.Clear(b.Deployer, b.w)
	if left := b.Owned("alb server group") + b.Owned("alb rule"); left != 0 {
		t.Fatalf("%d resources are left: %+v", left, b.Resources())
	}
}

// All that a rule can say.
func TestRules(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.group("a", slbtest.Pods(t, "a", 1)...)
	b.group("b", slbtest.Pods(t, "b", 1)...)
	b.w.Listeners = append(b.w.Listeners, slb.Listener{ID: "lsn-none", Port: 8443, Protocol: "HTTPS"})
	header := b.rule("header", "b", 100)
	header.Host, header.Headers = "x.example.com", map[string]string{"Knative-Serving-Tag": "b"}
	path := b.rule("path", "b", 100)
	path.Host, path.Path, path.InsertHeaders = "x.example.com", "/b", map[string]string{"X-Rule": "path"}
	whole := b.rule("x.example.com", "a", 100)
	whole.RewriteHost = "inner.example.com"
	whole.Forward[0].InsertHeaders = map[string]string{"Knative-Serving-Revision": "a"}
	b.rule("secure.example.com").Redirect = true
	r := b.settle()
	if r.Ready() != 4 || len(r.LeftOut) > 0 {
		t.Fatalf("got %+v", r)
	}
	for name, test := range map[string]struct {
		host, path string
		header     []string
		status     int
		revision   string
		says       string
	}{
		"the whole host":       {"x.example.com", "/", nil, 200, "a", "inner.example.com /"},
		"with its header":      {"x.example.com", "/", nil, 200, "a", "Knative-Serving-Revision: a"},
		"a path":               {"x.example.com", "/b", nil, 200, "b", "X-Rule: path"},
		"a path below":         {"x.example.com", "/b/c?d=e", nil, 200, "b", "/b/c?d=e"},
		"not a whole segment":  {"x.example.com", "/bc", nil, 200, "a", ""},
		"a header":             {"x.example.com", "/", []string{"Knative-Serving-Tag", "b"}, 200, "b", ""},
		"another header value": {"x.example.com", "/", []string{"Knative-Serving-Tag", "c"}, 200, "a", ""},
		"a redirect":           {"secure.example.com", "/p?q=1", nil, 301, "", "https://secure.example.com:8443/p?q=1"},
		"no such host":         {"y.example.com", "/", nil, 503, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := b.Get(t.Context(), b.w.LoadBalancerID, 80, test.host, test.path, test.header...)
			if err != nil || a.Status != test.status || a.Revision != test.revision || !contains(a.Body, test.says) {
				t.Fatalf("got %+v, %v", a, err)
			}
		})
	}
}

func contains(text, part string) bool { return strings.Contains(text, part) }
