package slbsim

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbRule is a forwarding rule, in the API's words. It has the listener's own scheduler and health check (ListenerSync on).
type clbRule struct {
	ID       string `json:"RuleId"`
	Name     string `json:"RuleName"`
	Domain   string `json:"Domain"`
	URL      string `json:"Url"`
	GroupID  string `json:"VServerGroupId"`
	Sync     string `json:"ListenerSync"`
	Balancer string `json:"LoadBalancerId"`
	Port     int    `json:"ListenerPort,string"`

	check   *plane.Check
	checked *plane.Pool
}

var (
	clbDomain = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	clbURL    = regexp.MustCompile(`^/[A-Za-z0-9\-/.%?#&=]{1,79}$`)
)

type clbCreateRulesParams struct {
	clbListenerKey
	Rules string `json:"RuleList" check:"required"`
}

func (s *Sim) clbCreateRules(c *wire.Call, p clbCreateRulesParams) (func() any, error) {
	b, l, err := s.clbIdleListener(p.clbListenerKey, "")
	if err != nil {
		return nil, err
	}
	var params []struct {
		Name    string `json:"RuleName"`
		Domain  string `json:"Domain"`
		URL     string `json:"Url"`
		GroupID string `json:"VServerGroupId"`
	}
	if err := json.Unmarshal([]byte(p.Rules), &params); err != nil || len(params) == 0 || len(params) > 10 || l.protocol == plane.TCP {
		return nil, wire.Classic.Illegal("RuleList")
	}
	all := s.clbRulesOf(l)
	if used, limit := len(all), s.opts.CLB.Rules; used+len(params) > limit {
		return nil, clbQuota("rules of the listener", used, limit)
	}
	var fresh []*clbRule
	for _, one := range params {
		r := &clbRule{
			ID: s.id("rule-"), Name: one.Name, Domain: one.Domain, URL: one.URL, GroupID: one.GroupID, Sync: "on", Balancer: b.ID, Port: l.Port,
		}
		if err := s.clbCheckRule(b, r, all); err != nil {
			return nil, err
		}
		all, fresh = append(all, r), append(fresh, r)
	}
	return func() any {
		for _, r := range fresh {
			s.clb.rules.put(r.ID, r)
		}
		s.clbJob(c, b, &b.busy, func() {})
		return reply{"Rules": reply{"Rule": fresh}}
	}, nil
}

func (s *Sim) clbCheckRule(b *clbBalancer, r *clbRule, others []*clbRule) error {
	switch {
	case r.Name == "":
		return wire.Classic.Missing("RuleName")
	case r.Domain == "" && r.URL == "":
		return wire.Classic.Missing("Domain")
	case r.Domain != "" && !clbDomain.MatchString(r.Domain):
		return wire.Classic.Illegal("Domain")
	case r.URL != "" && !clbURL.MatchString(r.URL):
		return wire.Classic.Illegal("Url")
	case slices.ContainsFunc(others, func(o *clbRule) bool { return o.Domain == r.Domain && o.URL == r.URL }):
		return wire.Refuse("DomainExist", "The specified domain %q with the URL %q is there already.", r.Domain, r.URL) // the code is [U]
	}
	return s.clbHasGroup(b, r.GroupID)
}

func (s *Sim) clbRulesOf(l *clbListener) []*clbRule {
	return s.clb.rules.where(func(r *clbRule) bool { return r.Balancer == l.BalancerID && r.Port == l.Port })
}

func (s *Sim) clbListRules(_ *wire.Call, p clbListenerKey) (any, error) {
	b, err := s.clbFind(p.BalancerID)
	if err != nil {
		return nil, err
	}
	l, err := s.clbListenerAt(b, p.Port, "")
	if err != nil {
		return nil, err
	}
	return reply{"Rules": reply{"Rule": s.clbRulesOf(l)}}, nil
}

type clbRuleID struct {
	ID string `json:"RuleId" check:"required"`
}

func (s *Sim) clbRule(id string) (*clbRule, error) {
	r, ok := s.clb.rules.byID[id]
	if !ok {
		return nil, wire.NotFound("InvalidRuleId.NotFound", "The specified rule %s does not exist.", id)
	}
	return r, nil
}

func (s *Sim) clbGetRule(_ *wire.Call, p clbRuleID) (any, error) { return s.clbRule(p.ID) }

type clbSetRuleParams struct {
	clbRuleID
	Name    *string `json:"RuleName" check:"1..80"`
	GroupID *string `json:"VServerGroupId"`
	Sync    string  `json:"ListenerSync" check:"in=on"`
}

func (s *Sim) clbSetRule(c *wire.Call, p clbSetRuleParams) (func() any, error) {
	r, err := s.clbRule(p.ID)
	if err != nil {
		return nil, err
	}
	b, _, err := s.clbIdleListener(clbListenerKey{BalancerID: r.Balancer, Port: r.Port}, "")
	if err == nil && p.GroupID != nil {
		err = s.clbHasGroup(b, *p.GroupID)
	}
	return func() any {
		set(&r.Name, p.Name)
		set(&r.GroupID, p.GroupID)
		s.clbJob(c, b, &b.busy, func() {})
		return reply{}
	}, err
}

type clbDeleteRulesParams struct {
	IDs string `json:"RuleIds" check:"required"`
}

func (s *Sim) clbDeleteRules(c *wire.Call, p clbDeleteRulesParams) (func() any, error) {
	var ids []string
	if err := json.Unmarshal([]byte(p.IDs), &ids); err != nil || len(ids) == 0 || len(ids) > 10 {
		return nil, wire.Classic.Illegal("RuleIds")
	}
	var b *clbBalancer
	for _, id := range ids {
		r, err := s.clbRule(id)
		if err != nil {
			return nil, err
		}
		if b, _, err = s.clbIdleListener(clbListenerKey{BalancerID: r.Balancer, Port: r.Port}, ""); err != nil {
			return nil, err
		}
	}
	return func() any {
		for _, id := range ids {
			s.clb.rules.byID[id].drop()
			s.clb.rules.drop(id)
		}
		s.clbJob(c, b, &b.busy, func() {})
		return reply{}
	}, nil
}

func (r *clbRule) drop() {
	if r.check != nil {
		r.check.Close()
	}
}
