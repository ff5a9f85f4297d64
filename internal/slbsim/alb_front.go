package slbsim

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
)

// albSetPool tells the data plane what a group is.
func (s *Sim) albSetPool(g *albGroup) {
	config := plane.PoolConfig{Protocol: plane.Protocol(g.Protocol), Scheduler: g.Scheduler}
	if g.Drain.Enabled {
		config.Drain = s.seconds(g.Drain.Timeout)
	}
	for _, one := range g.servers {
		if one.Status == "Adding" {
			continue // not before it is added
		}
		config.Backends = append(config.Backends, plane.Backend{
			ID: one.String(), Address: one.address, Weight: one.Weight, Leaving: one.Status == "Removing",
		})
	}
	g.check.Set(g.Health.config(s.seconds))
	g.pool.Set(config)
}

// albSetFront tells the data plane what a listener does: its rules that are in force by priority, then its default action.
func (s *Sim) albSetFront(l *albListener) {
	b := s.alb.balancers.byID[l.BalancerID]
	config := plane.FrontConfig{
		Protocol: plane.Protocol(l.Protocol), HTTP2: l.HTTP2 || l.Protocol == "HTTP",
		Idle: time.Duration(l.Idle) * time.Second, Timeout: s.seconds(l.Timeout), Forward: l.Forwarded.headers(l, b),
	}
	for _, c := range l.Certificates {
		config.Certificates = append(config.Certificates, s.certs.byID[c.ID].pair)
	}
	for _, id := range l.extra {
		config.Certificates = append(config.Certificates, s.certs.byID[id].pair)
	}
	for _, r := range s.albRulesOf(l) {
		if r.live {
			config.Routes = append(config.Routes, s.albRoute(l, r))
		}
	}
	if l.spread == nil {
		l.spread = s.albSpread(l.Default[0].Forward)
	}
	config.Routes = append(config.Routes, plane.Route{ID: l.ID, Spread: l.spread})
	l.front.Set(config)
	l.front.Open(l.Status == "Running")
	s.albUse()
}

// albUse begins to check the groups that carry traffic, and no more those that do not.
func (s *Sim) albUse() {
	for _, g := range s.alb.groups.all() {
		balancers, _, _ := s.albRelations(g)
		g.check.Activate(len(balancers) > 0)
	}
}

func (s *Sim) albRoute(l *albListener, r *albRule) plane.Route {
	route := plane.Route{ID: r.ID, Match: match(r.Conditions)}
	for _, a := range byOrder(r.Actions) {
		switch {
		case a.Forward != nil:
			if r.spread == nil {
				r.spread = s.albSpread(a.Forward)
			}
			route.Spread = r.spread
		case a.Redirect != nil:
			route.Answer = a.Redirect.answer(l)
		case a.Fixed != nil:
			route.Answer = a.Fixed.answer()
		case a.Rewrite != nil:
			route.Edit = append(route.Edit, a.Rewrite.edit(l))
		case a.Insert != nil:
			route.Edit = append(route.Edit, a.Insert.edit(l))
		case a.Remove != nil:
			route.Edit = append(route.Edit, a.Remove.edit())
		case a.Limit != nil:
			if r.limit == nil {
				r.limit = rate.NewLimiter(rate.Limit(a.Limit.QPS), a.Limit.QPS)
			}
			route.Limit = r.limit
		}
	}
	return route
}

func (s *Sim) albSpread(f *albForwardGroup) *plane.Spread {
	targets := make([]*plane.Target, len(f.Tuples))
	for i, t := range f.Tuples {
		g := s.alb.groups.byID[t.ID]
		targets[i] = &plane.Target{Pool: g.pool, Check: g.check, Weight: or(t.Weight, 100)}
	}
	return plane.NewSpread(targets...)
}
