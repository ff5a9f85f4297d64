package slbsim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
)

// clbRoutes orders a listener's rules as CLB matches them: exact domains before wildcards, and these before no domain; within a
// domain the longest URL first, which is a prefix.
func (s *Sim) clbRoutes(l *clbListener) []plane.Route {
	rules := s.clbRulesOf(l)
	slices.SortStableFunc(rules, func(a, b *clbRule) int {
		if d := domainRank(a.Domain) - domainRank(b.Domain); d != 0 {
			return d
		}
		return len(b.URL) - len(a.URL)
	})
	var routes []plane.Route
	for _, r := range rules {
		pool := s.clb.groups.byID[r.GroupID].pool
		if r.checked != pool {
			r.drop()
			r.check, r.checked = pool.NewCheck(), pool
		}
		r.check.Set(l.clbCheck.config(l.protocol, s.seconds))
		r.check.Activate(l.Status == "running")
		routes = append(routes, plane.Route{
			ID: r.ID, Match: r.match, Spread: plane.NewSpread(&plane.Target{Pool: pool, Check: r.check, Weight: 100}),
		})
	}
	return routes
}

func domainRank(domain string) int {
	switch {
	case domain == "":
		return 1 << 20
	case strings.HasPrefix(domain, "*"):
		return 1<<10 - len(domain) // a longer one first
	}
	return 0
}

func (r *clbRule) match(req *http.Request) bool {
	host := strings.ToLower(hostOf(req))
	domain := strings.ToLower(r.Domain)
	if suffix, wild := strings.CutPrefix(domain, "*"); wild {
		return strings.HasSuffix(host, suffix) && strings.HasPrefix(req.URL.EscapedPath(), r.URL)
	}
	return (domain == "" || host == domain) && strings.HasPrefix(req.URL.EscapedPath(), r.URL)
}
