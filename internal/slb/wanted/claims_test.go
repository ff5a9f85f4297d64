package wanted

import (
	"testing"

	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestAward is the truth table of who serves a host.
func TestAward(t *testing.T) {
	t.Parallel()
	type spec = v1alpha1.SLBIngressSpec
	all := func(*spec) {}
	rest := func(s *spec) { s.Default = true }
	names := func(hosts ...string) func(*spec) { return func(s *spec) { s.Hosts = hosts } }
	in := func(namespaces ...string) func(*spec) { return func(s *spec) { s.Namespaces = namespaces } }
	both := func(a, b func(*spec)) func(*spec) { return func(s *spec) { a(s); b(s) } }
	for name, c := range map[string]struct {
		older, younger func(*spec)
		local          bool
		wins, loses    string
	}{
		"all, alike":                        {older: all, younger: all, wins: "older", loses: "younger"},
		"the rest goes before all":          {older: all, younger: rest, wins: "younger"},
		"a namespace goes before the rest":  {older: rest, younger: in("shop"), wins: "younger"},
		"a host goes before a namespace":    {older: in("shop"), younger: names("hello.example.com"), wins: "younger"},
		"a host goes before a wildcard":     {older: names("*.example.com"), younger: names("hello.example.com"), wins: "younger"},
		"a longer wildcard before another":  {older: names("*.com"), younger: names("*.example.com"), wins: "younger"},
		"a host, alike":                     {older: names("hello.example.com"), younger: names("x.org", "HELLO.example.com"), wins: "older", loses: "younger"},
		"other hosts":                       {older: names("x.org"), younger: names("example.com"), wins: ""},
		"other hosts, and the rest":         {older: both(names("x.org"), rest), younger: names("y.org"), wins: "older"},
		"another namespace":                 {older: both(names("hello.example.com"), in("bar")), younger: all, wins: "younger"},
		"hosts do not count in the cluster": {older: names("x.org"), younger: all, local: true, wins: "older", loses: "younger"},
		"no listener for it":                {older: func(s *spec) { s.Listeners[0].Visibility = "ClusterLocal" }, younger: all, wins: "younger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := func(with func(*spec)) func(*spec) {
				return func(s *spec) {
					if c.local {
						s.Listeners[0].Visibility = "ClusterLocal"
					}
					with(s)
				}
			}
			cl := newCluster(v1alpha1.ALB)
			rule := external("hello.example.com", to("v1"))
			if c.local {
				rule.Visibility = netv1alpha1.IngressVisibilityClusterLocal
			}
			cl.ingress("hello", rule)
			bindings := []*v1alpha1.SLBIngress{binding("younger", 1, listener(c.younger)), binding("older", 2, listener(c.older))}
			winner, losers := award(bindings, claims(cl.Ingresses)[0])
			won, lost := "", ""
			if winner != nil {
				won = winner.Name
			}
			for _, l := range losers {
				lost += l.Name
			}
			if won != c.wins || lost != c.loses {
				t.Errorf("%q wins and %q loses, want %q and %q", won, lost, c.wins, c.loses)
			}
		})
	}
}
