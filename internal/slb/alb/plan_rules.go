package alb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// ruleStep is a rule as it is to be made or changed now. Groups that are not there yet stand in it by what they are for; see resolve.
type ruleStep struct {
	ID         string // empty: to be made
	Rule       wantedRule
	Priority   int
	Conditions []condition
	Actions    []action
}

// place tells rules apart in memory.
func (r wantedRule) place() string { return r.Listener + " " + r.Key }

// rules plans those of each listener, and says how far each is.
func (p *planner) rules() {
	wanted := map[string][]wantedRule{}
	for _, r := range p.d.Rules {
		wanted[r.Listener] = append(wanted[r.Listener], r)
	}
	keep := map[string]bool{} // keys of rules that are left out: what stands of them stays
	for _, left := range p.d.Left {
		keep[deploy.Short(left.Rule)] = true
	}
	states := map[string]*slb.RuleState{}
	var order []*slb.RuleState
	for _, r := range p.d.Rules {
		if states[r.Key] == nil {
			states[r.Key] = &slb.RuleState{Rule: r.Key, Host: r.Host, Ready: true}
			order = append(order, states[r.Key])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.s.listeners)) {
		if step := p.listener(id, wanted[id], keep, states); len(step.Change)+len(step.Make)+len(step.Drop) > 0 {
			p.plan.Rules[id] = step
		}
	}
	for _, one := range order {
		p.plan.States = append(p.plan.States, *one)
	}
}

func (p *planner) listener(id string, wanted []wantedRule, keep map[string]bool, states map[string]*slb.RuleState) *rulePlan {
	step := &rulePlan{}
	now := map[string]*rule{}
	order := make([]string, len(wanted))
	for i, r := range wanted {
		order[i] = deploy.Short(r.Key)
	}
	taken := maps.Clone(p.s.foreign[id])
	if taken == nil {
		taken = map[int]bool{}
	}
	for _, r := range p.s.rulesOf(id) {
		key := deploy.KeyOf(r.Tags)
		switch {
		case now[key] != nil || !slices.Contains(order, key) && !keep[key]:
			step.Drop = append(step.Drop, r.ID)
			taken[r.Priority] = true // until it is gone
		case !slices.Contains(order, key):
			taken[r.Priority] = true
		}
		if now[key] == nil {
			now[key] = r
		}
	}
	places := p.places(order, now, taken, step.Drop)
	for i, want := range wanted {
		p.rule(want, now[order[i]], places[order[i]], step, states[want.Key])
	}
	return step
}

// places gives the priorities. Where the range does not suffice beside rules that are about to go, theirs are taken too.
func (p *planner) places(order []string, now map[string]*rule, taken map[int]bool, drop []string) map[string]int {
	standing := map[string]int{}
	for key, r := range now {
		standing[key] = r.Priority
	}
	places := priorities(order, standing, taken, p.from, p.to)
	if len(places) < len(order) && len(drop) > 0 {
		for _, id := range drop {
			delete(taken, p.s.rules[id].Priority)
		}
		places = priorities(order, standing, taken, p.from, p.to)
	}
	return places
}

// rule plans one.
//
//	stands  as wanted  its groups are ready  then
//	no      –          any                   make it
//	yes     no         no                    bring the new groups in with weight 0, so that they are checked, and wait
//	yes     no         yes                   change it
//	yes     yes        no                    wait
//	yes     yes        yes                   it is ready
func (p *planner) rule(want wantedRule, now *rule, priority int, step *rulePlan, state *slb.RuleState) {
	wait := func(why string) {
		state.Ready = false
		if state.Waiting == "" {
			state.Waiting = why
		}
	}
	if priority == 0 {
		p.leftOut(want, fmt.Sprintf("all priorities from %d to %d of the listener are taken: widen the range of priorities", p.from, p.to))
		wait("it has no place among the priorities")
		return
	}
	actions := p.actions(want)
	next := ruleStep{Rule: want, Priority: priority, Conditions: want.Conditions, Actions: actions}
	final := text(want.Conditions, actions)
	if p.heldBack("rule "+want.place(), final, want) || p.groupHeld(want) {
		wait("it is left out")
		return
	}
	if why := p.uncertified(want); why != "" {
		wait(why)
	}
	if now == nil {
		step.Make = append(step.Make, next)
		wait("it is being made")
		return
	}
	next.ID = now.ID
	if why := p.shift(want, now, &next); why != "" {
		wait(why)
	}
	if text(now.Conditions, now.Actions) != text(next.Conditions, next.Actions) || now.Priority != priority {
		step.Change = append(step.Change, next)
		wait("it is being changed")
		return
	}
	if text(next.Conditions, next.Actions) == final {
		delete(p.mem.waiting, want.place())
		if why := p.unready(want, final); why != "" {
			wait(why)
		}
	}
}

// groupHeld says whether a group of a rule was refused.
func (p *planner) groupHeld(want wantedRule) bool {
	return slices.ContainsFunc(want.Split, func(s share) bool {
		_, held := p.mem.held["group "+s.Group]
		return held && p.s.group(s.Group) == nil
	})
}

// actions are those of a rule as it should be.
func (p *planner) actions(want wantedRule) []action {
	actions := slices.Clone(want.Edits)
	if want.Redirect != nil {
		return ordered(append(actions, action{Type: "Redirect", Redirect: want.Redirect}))
	}
	f := &forward{}
	for _, s := range want.Split {
		f.Tuples = append(f.Tuples, tuple{p.ref(s.Group), s.Weight})
	}
	return ordered(append(actions, action{Type: "ForwardGroup", Forward: f}))
}

// ref is a group's ID, or what it is for until it has one.
func (p *planner) ref(id string) string {
	if g := p.s.group(id); g != nil {
		return g.ID
	}
	return id
}

func ordered(actions []action) []action {
	for i := range actions {
		actions[i].Order = cloud.Int(i + 1)
	}
	return actions
}

// unready says why a rule that stands is not ready yet: a group with a share has no healthy server.
func (p *planner) unready(want wantedRule, final string) string {
	if want.Redirect != nil || p.mem.ready[want.place()] == final {
		return ""
	}
	for _, s := range want.Split {
		g := p.s.group(s.Group)
		if g == nil || s.Weight == 0 {
			continue
		}
		if len(p.d.Groups[s.Group].Weights) == 0 {
			return fmt.Sprintf("%s has no Pods", p.d.Groups[s.Group].Key)
		}
		if !p.anyHealthy(g) {
			p.look()
			return fmt.Sprintf("no Pod of %s is healthy by ALB's check%s", p.d.Groups[s.Group].Key, p.says(g))
		}
	}
	p.mem.ready[want.place()] = final
	return ""
}

func (p *planner) anyHealthy(g *group) bool {
	for at, weight := range g.Servers {
		if weight > 0 && p.h.ok(g.ID, at) {
			return true
		}
	}
	return false
}

// says is what the check says about a group.
func (p *planner) says(g *group) string {
	words := map[string]int{}
	for _, word := range p.h[g.ID].bad {
		words[word]++
	}
	var parts []string
	for _, word := range slices.Sorted(maps.Keys(words)) {
		parts = append(parts, fmt.Sprintf("%d %s", words[word], word))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
