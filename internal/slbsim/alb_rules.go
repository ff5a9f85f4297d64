package slbsim

import (
	"fmt"
	"slices"

	"golang.org/x/time/rate"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albRule is a forwarding rule, in the API's words.
type albRule struct {
	ID         string         `json:"RuleId"`
	ListenerID string         `json:"ListenerId"`
	BalancerID string         `json:"LoadBalancerId"`
	Name       string         `json:"RuleName"`
	Priority   int            `json:"Priority"`
	Direction  string         `json:"Direction"`
	Status     string         `json:"RuleStatus"` // Provisioning, Available, Configuring, Deleting
	Conditions []albCondition `json:"RuleConditions"`
	Actions    []albAction    `json:"RuleActions"`
	Tags       tags           `json:"Tags"`

	live   bool // it was Available once, so it carries traffic
	spread *plane.Spread
	limit  *rate.Limiter
}

// albRuleParams are what a rule can be made of or changed to.
type albRuleParams struct {
	Name       *string        `json:"RuleName"`
	Priority   *int           `json:"Priority" check:"1..10000"`
	Conditions []albCondition `json:"RuleConditions" check:"1..10"`
	Actions    []albAction    `json:"RuleActions" check:"1..5"`
}

type albNewRule struct {
	albRuleParams
	Direction string `json:"Direction" check:"in=Request"` // rules for responses are not modelled
	Tags      tags   `json:"Tag" check:"0..20"`
}

type albCreateRuleParams struct {
	albNewRule
	ListenerID string `json:"ListenerId" check:"required"`
}

type albCreateRulesParams struct {
	ListenerID string       `json:"ListenerId" check:"required"`
	Rules      []albNewRule `json:"Rules" check:"required,1..10"`
}

func (s *Sim) albCreateRule(c *wire.Call, p albCreateRuleParams) (func() any, error) {
	commit, err := s.albAddRules(c, p.ListenerID, []albNewRule{p.albNewRule}, "")
	return func() any {
		rules, job := commit()
		return reply{"RuleId": rules[0].ID, "JobId": job}
	}, err
}

func (s *Sim) albCreateRules(c *wire.Call, p albCreateRulesParams) (func() any, error) {
	commit, err := s.albAddRules(c, p.ListenerID, p.Rules, "Rules.%d.")
	return func() any {
		rules, job := commit()
		ids := []reply{}
		for _, r := range rules {
			ids = append(ids, reply{"RuleId": r.ID, "Priority": r.Priority})
		}
		return reply{"RuleIds": ids, "JobId": job}
	}, err
}

func (s *Sim) albAddRules(c *wire.Call, listener string, news []albNewRule, at string) (func() ([]*albRule, string), error) {
	l, err := s.albIdleListener(listener)
	if err != nil {
		return nil, err
	}
	b := s.alb.balancers.byID[l.BalancerID]
	if used, limit := len(s.albRulesOfBalancer(b)), s.edition(b).Rules; used+len(news) > limit {
		return nil, albQuota("Rules", "alb_quota_loadbalancer_rules_num", used, limit)
	}
	taken := map[int]bool{}
	for _, r := range s.albRulesOf(l) {
		taken[r.Priority] = true
	}
	servers := 0
	rules := make([]*albRule, len(news))
	for i, n := range news {
		prefix := numbered(at, i)
		switch {
		case n.Priority == nil:
			return nil, albDialect.Missing(prefix + "Priority")
		case n.Name == nil:
			return nil, albDialect.Missing(prefix + "RuleName")
		case n.Conditions == nil:
			return nil, albDialect.Missing(prefix + "RuleConditions")
		case n.Actions == nil:
			return nil, albDialect.Missing(prefix + "RuleActions")
		case taken[*n.Priority]:
			return nil, albPriorityTaken(*n.Priority)
		}
		taken[*n.Priority] = true
		if err := s.albCheckRule(b, l, n.albRuleParams, prefix); err != nil {
			return nil, err
		}
		rules[i] = &albRule{ID: s.id("rule-"), ListenerID: l.ID, BalancerID: b.ID, Direction: "Request", Status: "Provisioning", Tags: n.Tags}
		rules[i].apply(n.albRuleParams)
		servers += s.albServersOf(n.Actions)
	}
	if err := s.albRoom(b, servers); err != nil {
		return nil, err
	}
	return func() ([]*albRule, string) {
		for _, r := range rules {
			s.alb.rules.put(r.ID, r)
		}
		return rules, s.changeRules(c, l, rules, "Provisioning", func() {}, func() {
			for _, r := range rules {
				s.alb.rules.drop(r.ID)
			}
		})
	}, nil
}

func numbered(at string, i int) string {
	if at == "" {
		return ""
	}
	return fmt.Sprintf(at, i+1)
}

func albPriorityTaken(priority int) *wire.Error {
	return wire.Refuse("Conflict.Priority", "There is already rule having the same configuration with priority %d.", priority)
}

// changeRules changes rules of a listener by a job, during which no one else may.
func (s *Sim) changeRules(c *wire.Call, l *albListener, rules []*albRule, status string, change, undo func()) string {
	l.busy = true
	for _, r := range rules {
		r.Status = status
	}
	over := func(then func()) func() {
		return func() {
			l.busy = false
			for _, r := range rules {
				r.Status = "Available"
			}
			then()
			s.albSetFront(l)
		}
	}
	return s.start(c, "rule", rules[0].ID, over(func() {
		for _, r := range rules {
			r.live = true
		}
		change()
	}), over(undo))
}

func (r *albRule) apply(p albRuleParams) {
	set(&r.Name, p.Name)
	set(&r.Priority, p.Priority)
	if p.Conditions != nil {
		r.Conditions = p.Conditions
	}
	if p.Actions != nil {
		r.Actions, r.spread, r.limit = p.Actions, nil, nil
	}
}

// albRulesOf gives a listener's rules by priority.
func (s *Sim) albRulesOf(l *albListener) []*albRule {
	rules := s.alb.rules.where(func(r *albRule) bool { return r.ListenerID == l.ID })
	slices.SortFunc(rules, func(a, b *albRule) int { return a.Priority - b.Priority })
	return rules
}

func (s *Sim) albRulesOfBalancer(b *albBalancer) []*albRule {
	return s.alb.rules.where(func(r *albRule) bool { return r.BalancerID == b.ID })
}

type albListRulesParams struct {
	tokenPage
	IDs       []string    `json:"RuleIds" check:"0..20"`
	Listeners []string    `json:"ListenerIds" check:"0..20"`
	Listener  string      `json:"ListenerId"`
	Balancers []string    `json:"LoadBalancerIds" check:"0..20"`
	Direction string      `json:"Direction" check:"in=Request|Response"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) albListRules(_ *wire.Call, p albListRulesParams) (any, error) {
	found := s.alb.rules.where(func(r *albRule) bool {
		return among(p.IDs, r.ID) && among(p.Listeners, r.ListenerID) && like(p.Listener, r.ListenerID) &&
			among(p.Balancers, r.BalancerID) && like(p.Direction, r.Direction) && r.Tags.match(p.Tags)
	})
	items, frame, err := cut(found, func(r *albRule) string { return r.ID }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []*albRule `json:"Rules"`
	}{frame, items}, err
}
