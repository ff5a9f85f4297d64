package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albHealthParams struct {
	tokenPage
	ListenerID string `json:"ListenerId" check:"required"`
	Rules      bool   `json:"IncludeRule"`
}

// albGroupHealth names the servers of a group that are not healthy; a healthy server is not in it.
type albGroupHealth struct {
	GroupID string            `json:"ServerGroupId"`
	Checked string            `json:"HealthCheckEnabled"` // on, off
	Action  string            `json:"ActionType"`
	Servers []albServerHealth `json:"NonNormalServers"`
}

type albServerHealth struct {
	ID     string `json:"ServerId"`
	IP     string `json:"ServerIp"`
	Port   int    `json:"Port"`
	Status string `json:"Status"` // Initial, Unhealthy, Unused, Unavailable
	Reason struct {
		Code string `json:"ReasonCode"`
		Got  string `json:"ActualResponse"`
	} `json:"Reason"`
}

func (s *Sim) albHealth(_ *wire.Call, p albHealthParams) (any, error) {
	l, err := s.albListenerIn(p.ListenerID)
	if err != nil {
		return nil, err
	}
	type ruleHealth struct {
		ID     string           `json:"RuleId"`
		Groups []albGroupHealth `json:"ServerGroupInfos"`
	}
	rules := []ruleHealth{}
	if p.Rules {
		for _, r := range s.albRulesOf(l) {
			found := ruleHealth{ID: r.ID, Groups: []albGroupHealth{}}
			for _, a := range r.Actions {
				if a.Forward != nil {
					found.Groups = append(found.Groups, s.albForwardHealth(a.Forward)...)
				}
			}
			rules = append(rules, found)
		}
	}
	rules, frame, err := cut(rules, func(r ruleHealth) string { return r.ID }, p.tokenPage, albDialect)
	return reply{
		"NextToken": frame.Next, "RuleHealthStatus": rules,
		"ListenerHealthStatus": []reply{{
			"ListenerId": l.ID, "ListenerPort": l.Port, "ListenerProtocol": l.Protocol,
			"ServerGroupInfos": s.albForwardHealth(l.Default[0].Forward),
		}},
	}, err
}

func (s *Sim) albForwardHealth(f *albForwardGroup) []albGroupHealth {
	all := []albGroupHealth{}
	for _, t := range f.Tuples {
		g := s.alb.groups.byID[t.ID]
		found := albGroupHealth{GroupID: g.ID, Checked: "off", Action: "ForwardGroup", Servers: []albServerHealth{}}
		if g.Health.Enabled {
			found.Checked = "on"
		}
		health := g.check.Health()
		for _, one := range g.servers {
			now := health[one.String()]
			if now.Health == string(plane.Healthy) {
				continue
			}
			bad := albServerHealth{ID: one.ID, IP: one.IP, Port: *one.Port, Status: now.Health}
			bad.Reason.Got = now.Reason
			if now.Health == string(plane.Unhealthy) {
				bad.Reason.Code = "CONNECT_FAILED"
				if g.Health.Protocol != "TCP" {
					bad.Reason.Code = "RESPONSE_MISMATCH"
				}
			}
			found.Servers = append(found.Servers, bad)
		}
		all = append(all, found)
	}
	return slices.Clip(all)
}
