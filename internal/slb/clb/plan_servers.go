package clb

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

func serves(g *group) bool {
	for _, s := range g.Servers {
		if s.weight > 0 {
			return true
		}
	}
	return false
}

// servers plans those of a group. There is no health check, so what Kubernetes says is ready gets requests at once.
//
//	server     wanted     weight     then
//	missing    yes        –          add it, if its address has an interface
//	there      yes        another    set it, as also when the address has moved to another interface: then it is added anew
//	there      no, drains above 0    0, when those that stay are there, or none stays
//	there      drains     0          nothing: its Pod is still there
//	there      no         0          remove it, when it had no requests for the time to drain
func (p *planner) servers(g *group, want wantedRule, zero sets.Set[serverOf]) {
	change := serverChange{Add: map[endpoint]server{}, Weigh: map[endpoint]server{}, Remove: map[endpoint]server{}}
	blind := 0
	for at, weight := range want.Weights {
		now, there := g.Servers[at]
		eni := p.enis[at.IP]
		switch {
		case there && eni != "" && now.eni != eni:
			change.Remove[at] = now // another Pod had its address; added by the next round
		case there && now.weight != weight:
			change.Weigh[at] = server{now.eni, weight}
		case !there && eni == "":
			blind++
		case !there:
			change.Add[at] = server{eni, weight}
		}
	}
	if blind > 0 {
		p.leftOut(want, fmt.Sprintf("%d of its %d Pods get no requests, for no network interface has their addresses: a CLB reaches Pods in a cluster with Terway only",
			blind, len(want.Weights)))
		p.later(p.Retry)
	}
	for _, at := range slices.SortedFunc(maps.Keys(g.Servers), byAddress) {
		if _, stays := want.Weights[at]; !stays {
			p.leave(g, want, at, &change, zero)
		}
	}
	if len(change.Add) > 0 && p.heldBack("servers of "+g.ID, textOf(change.Add), want) {
		change.Add = nil
	}
	if len(change.Add)+len(change.Weigh)+len(change.Remove) > 0 {
		p.plan.Servers[g.ID] = change
	}
}

// leave plans the next step of a server that is to go.
func (p *planner) leave(g *group, want wantedRule, at endpoint, change *serverChange, zero sets.Set[serverOf]) {
	now := g.Servers[at]
	if now.weight > 0 {
		if p.replaced(g, want, change) {
			change.Weigh[at] = server{now.eni, 0}
		}
		return
	}
	key := serverOf{g.ID, at}
	zero.Insert(key)
	due := deploy.Since(p.mem.zero, key, p.now).Add(p.Drain)
	switch {
	case want.Draining[at]: // it goes when its Pod does
	case !p.now.Before(due):
		change.Remove[at] = now
	default:
		p.later(due.Sub(p.now))
	}
}

// replaced says whether requests that a leaving server would get have somewhere else to go: a server that stays is there, or is
// added before the weights are set, or there is to be none.
func (p *planner) replaced(g *group, want wantedRule, change *serverChange) bool {
	stays := false
	for at, weight := range want.Weights {
		if weight == 0 {
			continue
		}
		stays = true
		if _, gone := change.Remove[at]; g.Servers[at].eni != "" && !gone || change.Add[at].eni != "" {
			return true
		}
	}
	return !stays
}
