package slbsim

import (
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albQuota refuses what is above a quota, and names it.
func albQuota(what, quota string, used, limit int) *wire.Error {
	return wire.Refuse("QuotaExceeded."+what, "The quota of %s is exceeded, usage %d/%d.", quota, used, limit)
}

func (s *Sim) edition(b *albBalancer) Edition {
	if b.Edition == "Basic" {
		return s.opts.ALB.Basic
	}
	return s.opts.ALB.Standard
}

// albServersOf counts the servers that actions use.
func (s *Sim) albServersOf(actions []albAction) int {
	count := 0
	for _, a := range actions {
		if a.Forward != nil {
			count += s.albServersIn(a.Forward.Tuples)
		}
	}
	return count
}

func (s *Sim) albServersIn(tuples []albTuple) int {
	count := 0
	for _, t := range tuples {
		if g := s.alb.groups.byID[t.ID]; g != nil {
			count += len(g.servers)
		}
	}
	return count
}

// albServersOn counts an instance's servers: each as often as a listener or a rule uses it ("Quotas and limits" of ALB).
func (s *Sim) albServersOn(b *albBalancer) int {
	count := 0
	for _, l := range s.alb.listeners.all() {
		if l.BalancerID == b.ID {
			count += s.albServersIn(l.Default[0].Forward.Tuples)
		}
	}
	for _, r := range s.albRulesOfBalancer(b) {
		count += s.albServersOf(r.Actions)
	}
	return count
}

// albRoom refuses more servers on an instance than its quota has.
func (s *Sim) albRoom(b *albBalancer, more int) error {
	used, limit := s.albServersOn(b), s.edition(b).Servers
	if more > 0 && used+more > limit {
		return albQuota("BackendServers", "alb_quota_loadbalancer_servers_num_"+strings.ToLower(b.Edition)+"_edition", used, limit)
	}
	return nil
}
