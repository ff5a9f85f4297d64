package alb

import (
	"fmt"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// shift decides what a rule that stands becomes now, on its way to what it should be, and says what it waits for.
//
//	the rule's groups that get more than nothing, and had nothing      then
//	none, or all servers of theirs are there and healthy               all of the change
//	some not, but longer than there is patience, and one is in each    all of the change
//	no healthy server stands behind the rule as it is                  all of the change: nothing is lost
//	some not yet checked, for no rule uses them                        in with weight 0, if there is room for them among five
//	some not                                                           the rule stays; only where it matches may change
//
// A rule that inserts headers for the activator keeps them as long as servers that are leaving still get requests: they may be the
// activator's.
func (p *planner) shift(want wantedRule, now *rule, next *ruleStep) (waiting string) {
	standing := now.split()
	if text(now.Conditions, now.Actions) == text(next.Conditions, next.Actions) || want.Redirect != nil || len(standing) == 0 {
		return ""
	}
	fresh, slow, cold := p.gains(want, standing)
	headers := p.needsHeaders(want, now)
	if len(slow)+len(cold) == 0 && headers == "" || p.broken(standing) {
		return ""
	}
	if headers != "" {
		waiting = headers
	} else {
		waiting = fmt.Sprintf("not all Pods of %v are healthy by ALB's check yet", append(slices.Clone(cold), slow...))
	}
	p.look()
	began := deploy.Since(p.mem.waiting, want.place(), p.now)
	if headers == "" && len(cold) == 0 && p.now.Sub(began) >= p.Patience && p.oneInEach(slow) {
		return ""
	}
	tuples, fits := attach(standing, p.refs(cold), p.refs(fresh))
	if !fits && headers == "" {
		return "" // no room to warm them up
	}
	if !fits {
		tuples = tuplesOf(standing)
	}
	next.Actions = slices.Clone(now.Actions)
	for i := range next.Actions {
		if next.Actions[i].Forward != nil {
			next.Actions[i].Forward = &forward{tuples}
		}
	}
	return waiting
}

// gains gives the groups that had no part of the rule's requests: all of them; those whose servers are not all there and healthy; and
// those that no rule uses, so that they are not checked.
func (p *planner) gains(want wantedRule, standing map[string]int) (fresh, slow, cold []string) {
	for _, s := range want.Split {
		g := p.s.group(s.Group)
		switch {
		case s.Weight == 0, g != nil && standing[g.ID] > 0:
			continue
		case g == nil || p.users[g.ID] == 0:
			cold = append(cold, s.Group)
		case !p.allHealthy(g, p.d.Groups[s.Group]):
			slow = append(slow, s.Group)
		}
		fresh = append(fresh, s.Group)
	}
	return fresh, slow, cold
}

func (p *planner) allHealthy(g *group, want wantedGroup) bool {
	for at, weight := range want.Weights {
		if weight > 0 && (g.Servers[at] == 0 || !p.h.ok(g.ID, at)) {
			return false
		}
	}
	return true
}

func (p *planner) oneInEach(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !p.anyHealthy(p.s.group(id)) })
}

// broken says whether it is known that no healthy server stands behind a rule.
func (p *planner) broken(standing map[string]int) bool {
	if p.h == nil {
		return false
	}
	for id, weight := range standing {
		if g := p.s.groups[id]; weight > 0 && (g == nil || p.anyHealthy(g)) {
			return false
		}
	}
	return true
}

// needsHeaders says why a rule must keep the headers that it inserts.
func (p *planner) needsHeaders(want wantedRule, now *rule) string {
	next := inserts(want.Edits)
	lost := slices.ContainsFunc(slices.Collect(maps.Keys(inserts(now.Actions))), func(name string) bool { _, ok := next[name]; return !ok })
	if !lost {
		return ""
	}
	for _, s := range want.Split {
		g := p.s.group(s.Group)
		if g == nil {
			continue
		}
		for at, weight := range g.Servers {
			if _, stays := p.d.Groups[s.Group].Weights[at]; weight > 0 && !stays {
				return fmt.Sprintf("%s still has servers that are leaving, which may be the activator's", p.d.Groups[s.Group].Key)
			}
		}
	}
	return ""
}

func (p *planner) refs(ids []string) []string {
	refs := make([]string, len(ids))
	for i, id := range ids {
		refs[i] = p.ref(id)
	}
	return refs
}

// attach adds groups with weight 0 to what a rule has; those with weight 0 that are not meant to come are left away.
func attach(standing map[string]int, cold, fresh []string) ([]tuple, bool) {
	next := maps.Clone(standing)
	maps.DeleteFunc(next, func(id string, weight int) bool { return weight == 0 && !slices.Contains(fresh, id) })
	for _, id := range cold {
		next[id] = 0
	}
	return tuplesOf(next), len(next) <= mostGroups
}

func tuplesOf(split map[string]int) []tuple {
	var tuples []tuple
	for _, id := range slices.Sorted(maps.Keys(split)) {
		tuples = append(tuples, tuple{id, split[id]})
	}
	return tuples
}
