package alb

import (
	"context"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// health is what the checks of a load balancer have found, by server group. A group that no rule uses is not checked, and not in it.
type health map[string]groupHealth

type groupHealth struct {
	bad map[endpoint]string // servers that are not healthy, and the API's word for it
}

// ok says whether a server is known to be healthy.
func (h health) ok(group string, at endpoint) bool {
	g, checked := h[group]
	_, bad := g.bad[at]
	return checked && !bad
}

type serverHealth struct {
	ID     string    `json:"ServerId"`
	IP     string    `json:"ServerIp"`
	Port   cloud.Int `json:"Port"`
	Status string    `json:"Status"` // Initial, Unhealthy, Unused, Unavailable
}

type ruleHealth struct {
	Groups []struct {
		ID      string         `json:"ServerGroupId"`
		Check   string         `json:"HealthCheckEnabled"`
		Servers []serverHealth `json:"NonNormalServers"`
	} `json:"ServerGroupInfos"`
}

// healthPage is how many rules a page of health may have.
const healthPage = 20

// health reads the health of all groups that rules of these listeners use.
func (a api) health(ctx context.Context, listeners []string) (health, error) {
	all := health{}
	for _, id := range listeners {
		rules, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]ruleHealth, string, error) {
			var got struct {
				cloud.More
				Rules []ruleHealth `json:"RuleHealthStatus"`
			}
			err := a.call(ctx, "GetListenerHealthStatus", struct {
				cloud.Page
				ID    string `json:"ListenerId"`
				Rules bool   `json:"IncludeRule"`
			}{p, id, true}, &got)
			return got.Rules, got.Next, err
		}, healthPage)
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			for _, g := range r.Groups {
				all.add(g.ID, g.Servers)
			}
		}
	}
	return all, nil
}

func (h health) add(group string, servers []serverHealth) {
	found := groupHealth{bad: map[endpoint]string{}}
	for _, s := range servers {
		if s.Status != "Unavailable" { // not checked at all: it gets requests
			found.bad[endpoint{s.ID, int(s.Port)}] = s.Status
		}
	}
	h[group] = found
}
