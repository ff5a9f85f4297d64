package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albChangedRule struct {
	albRuleParams
	ID string `json:"RuleId" check:"required"`
}

type albUpdateRulesParams struct {
	Rules []albChangedRule `json:"Rules" check:"required,1..10"`
}

func (s *Sim) albUpdateRule(c *wire.Call, p albChangedRule) (func() any, error) {
	return s.albChangeRules(c, []albChangedRule{p}, "")
}

func (s *Sim) albUpdateRules(c *wire.Call, p albUpdateRulesParams) (func() any, error) {
	return s.albChangeRules(c, p.Rules, "Rules.%d.")
}

func (s *Sim) albChangeRules(c *wire.Call, changes []albChangedRule, at string) (func() any, error) {
	ids := make([]string, len(changes))
	for i, change := range changes {
		ids[i] = change.ID
	}
	l, rules, err := s.albRulesToChange(ids)
	if err != nil {
		return nil, err
	}
	b := s.alb.balancers.byID[l.BalancerID]
	wanted, servers := map[int]bool{}, 0
	for i, change := range changes {
		if err := s.albCheckPriority(l, rules[i], change.Priority, wanted); err != nil {
			return nil, err
		}
		if err := s.albCheckRule(b, l, change.albRuleParams, numbered(at, i)); err != nil {
			return nil, err
		}
		if change.Actions != nil {
			servers += s.albServersOf(change.Actions) - s.albServersOf(rules[i].Actions)
		}
	}
	if err := s.albRoom(b, servers); err != nil {
		return nil, err
	}
	return func() any {
		return reply{"JobId": s.changeRules(c, l, rules, "Configuring", func() {
			for i, change := range changes {
				rules[i].apply(change.albRuleParams)
			}
		}, func() {})}
	}, nil
}

// albCheckPriority refuses a priority that another rule has now, even one that gives it up in the same call [U].
func (s *Sim) albCheckPriority(l *albListener, r *albRule, priority *int, wanted map[int]bool) error {
	if priority == nil {
		return nil
	}
	has := func(o *albRule) bool { return o != r && o.Priority == *priority }
	if wanted[*priority] || slices.ContainsFunc(s.albRulesOf(l), has) {
		return albPriorityTaken(*priority)
	}
	wanted[*priority] = true
	return nil
}

// albRulesToChange finds rules of one listener that can be changed.
func (s *Sim) albRulesToChange(ids []string) (*albListener, []*albRule, error) {
	rules := make([]*albRule, len(ids))
	for i, id := range ids {
		r, ok := s.alb.rules.byID[id]
		switch {
		case !ok:
			return nil, nil, albNotFound("Rule", id)
		case slices.Contains(ids[:i], id):
			return nil, nil, albDuplicate("RuleId")
		case i > 0 && rules[0].ListenerID != r.ListenerID: // [U]: the documents speak of rules of a listener
			return nil, nil, albIllegal("RuleId", "All rules of one call must be of one listener.")
		}
		if err := albSteady("Rule", r.Status, "Available"); err != nil {
			return nil, nil, err
		}
		rules[i] = r
	}
	l, err := s.albIdleListener(rules[0].ListenerID)
	return l, rules, err
}

type albDeleteRuleParams struct {
	ID string `json:"RuleId" check:"required"`
}

type albDeleteRulesParams struct {
	IDs []string `json:"RuleIds" check:"required,1..10"`
}

func (s *Sim) albDeleteRule(c *wire.Call, p albDeleteRuleParams) (func() any, error) {
	return s.albDeleteRules(c, albDeleteRulesParams{[]string{p.ID}})
}

func (s *Sim) albDeleteRules(c *wire.Call, p albDeleteRulesParams) (func() any, error) {
	l, rules, err := s.albRulesToChange(p.IDs)
	if err != nil {
		return nil, err
	}
	return func() any {
		return reply{"JobId": s.changeRules(c, l, rules, "Deleting", func() {
			for _, r := range rules {
				s.alb.rules.drop(r.ID)
			}
		}, func() {})}
	}, nil
}
