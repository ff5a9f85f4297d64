package alb

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// plan is what can be done now, in this order, and what has to wait.
type plan struct {
	Create  []wantedGroup           // server groups, with their servers
	Check   []string                // IDs of groups whose health check was changed
	Rules   map[string]*rulePlan    // by listener
	Servers map[string]serverChange // by ID of the group
	Drop    []string                // IDs of groups that nothing uses

	Upload  []wantedCertificate
	Certify map[string]*certificateStep // by listener
	Forget  []string                    // names of certificates that nothing uses

	States []slb.RuleState
	Left   []slb.LeftOut
	Again  time.Duration // when there may be more to do; 0: nothing waits
	// Blind says that the plan depends on the health of servers, which was not known.
	Blind bool
}

// rulePlan is what is to be done at a listener.
type rulePlan struct {
	Change []ruleStep
	Make   []ruleStep
	Drop   []string // IDs
}

// serverChange is what is to be done in a group: first servers come and go by one call, then weights are set.
type serverChange struct {
	Add    map[endpoint]int
	Remove []endpoint
	Weigh  map[endpoint]int
}

func (p *plan) empty() bool {
	return len(p.Create)+len(p.Check)+len(p.Rules)+len(p.Servers)+len(p.Drop)+len(p.Upload)+len(p.Certify)+len(p.Forget) == 0
}

// planner makes a plan of values: what is there, what should be, what the health checks say (nil: not known), and the time.
type planner struct {
	Options
	s    *state
	d    desired
	h    health
	mem  *memory
	now  time.Time
	from int // first and last priority
	to   int
	// troubled says that a listener cannot have rules.
	troubled bool
	// announced are IDs of certificates.
	announced []string

	users  map[string]int
	looked bool
	plan   plan
}

func (p *planner) make() plan {
	p.plan = plan{Rules: map[string]*rulePlan{}, Servers: map[string]serverChange{}, Certify: map[string]*certificateStep{}, Left: slices.Clone(p.d.Left)}
	p.users = p.s.users()
	p.groups()
	if p.s.unlisted == nil {
		p.certificates()
	}
	p.rules()
	p.servers()
	p.drops()
	if p.troubled {
		p.later(p.Retry)
	}
	if !p.looked {
		p.mem.looking = time.Time{}
	}
	return p.plan
}

// groups plans those that are missing, and checks that someone changed.
func (p *planner) groups() {
	for _, id := range slices.Sorted(maps.Keys(p.d.Groups)) {
		g := p.s.group(id)
		switch {
		case g == nil && !p.heldBack("group "+id, id, p.rulesWith(id)...):
			p.plan.Create = append(p.plan.Create, p.d.Groups[id])
		case g != nil && g.Check != check:
			p.plan.Check = append(p.plan.Check, g.ID)
		}
	}
}

// servers plans the servers of groups that are there.
//
//	server     wanted     weight     then
//	missing    yes        –          add it
//	there      yes        another    set it
//	there      no, drains above 0    0, if one that stays is healthy, or none stays: until then it waits
//	there      drains     0          nothing: its Pod is still there
//	there      no         0          remove it, when it had no requests for the time to drain
func (p *planner) servers() {
	seen := sets.Set[serverOf]{}
	for _, id := range slices.Sorted(maps.Keys(p.s.groups)) {
		g := p.s.groups[id]
		want, ok := p.d.Known[g.id()]
		if !ok || p.s.group(g.id()) != g {
			continue
		}
		change := serverChange{Add: map[endpoint]int{}, Weigh: map[endpoint]int{}}
		for at, weight := range want.Weights {
			switch now, there := g.Servers[at]; {
			case !there:
				change.Add[at] = weight
			case now != weight:
				change.Weigh[at] = weight
			}
		}
		for _, at := range slices.SortedFunc(maps.Keys(g.Servers), byAddress) {
			if _, stays := want.Weights[at]; !stays {
				p.leave(g, want, at, &change, seen)
			}
		}
		if len(change.Add) > 0 && p.heldBack("servers of "+id, textOf(change.Add), p.rulesWith(g.id())...) {
			change.Add = nil
		}
		if len(change.Add)+len(change.Remove)+len(change.Weigh) > 0 {
			p.plan.Servers[id] = change
		}
	}
	deploy.Only(p.mem.zero, seen)
}

// leave plans the next step of a server that is to go.
func (p *planner) leave(g *group, want wantedGroup, at endpoint, change *serverChange, seen sets.Set[serverOf]) {
	key := serverOf{g.ID, at}
	if g.Servers[at] > 0 {
		if p.replaced(g, want) {
			change.Weigh[at] = 0
		}
		return
	}
	seen.Insert(key)
	due := deploy.Since(p.mem.zero, key, p.now).Add(p.Drain)
	switch {
	case want.Draining[at]: // it goes when its Pod does
	case !p.now.Before(due):
		change.Remove = append(change.Remove, at)
	default:
		p.later(due.Sub(p.now))
	}
}

// replaced says whether requests that a leaving server would get have somewhere else to go.
func (p *planner) replaced(g *group, want wantedGroup) bool {
	stays := false
	for at, weight := range want.Weights {
		stays = stays || weight > 0
		if weight > 0 && g.Servers[at] > 0 && p.h.ok(g.ID, at) {
			return true
		}
	}
	if !stays || p.users[g.ID] == 0 {
		return true
	}
	p.look()
	return false
}

// drops plans the end of groups that nothing uses, after requests that are under way have had time to end.
func (p *planner) drops() {
	seen := sets.Set[string]{}
	for _, id := range slices.Sorted(maps.Keys(p.s.groups)) {
		g := p.s.groups[id]
		_, wanted := p.d.Groups[g.id()]
		if wanted && p.s.group(g.id()) == g || p.users[id] > 0 || g.others {
			continue
		}
		seen.Insert(id)
		due := deploy.Since(p.mem.unused, id, p.now).Add(p.Drain)
		if p.s.gone || len(g.Servers) == 0 || !p.now.Before(due) {
			p.plan.Drop = append(p.plan.Drop, id)
			continue
		}
		p.later(due.Sub(p.now))
	}
	deploy.Only(p.mem.unused, seen)
}

// leastOften is how often health is looked at that does not come, as a multiple of Look.
const leastOften = 30

// look notes that health checks are waited for: the next look is soon, and the ones after it less and less so.
func (p *planner) look() {
	p.plan.Blind = p.plan.Blind || p.h == nil
	p.looked = true
	if p.mem.looking.IsZero() {
		p.mem.looking = p.now
	}
	p.later(min(max(p.Look, p.now.Sub(p.mem.looking)/8), leastOften*p.Look))
}

func (p *planner) later(d time.Duration) {
	if p.plan.Again == 0 || d < p.plan.Again {
		p.plan.Again = max(d, time.Millisecond)
	}
}

// heldBack says whether something was refused a short while ago, and notes of the rules that it is for that they are left out.
func (p *planner) heldBack(about, what string, rules ...wantedRule) bool {
	reason, left, held := p.mem.held.On(about, what, p.now)
	if !held {
		return false
	}
	p.later(left)
	for _, r := range rules {
		p.leftOut(r, reason)
	}
	return true
}

// rulesWith gives the rules that forward to a group.
func (p *planner) rulesWith(id string) []wantedRule {
	var rules []wantedRule
	for _, r := range p.d.Rules {
		if slices.ContainsFunc(r.Split, func(s share) bool { return s.Group == id }) {
			rules = append(rules, r)
		}
	}
	return rules
}

func (p *planner) leftOut(r wantedRule, reason string) {
	one := slb.LeftOut{Rule: r.Key, Host: r.Host, Reason: reason}
	if !slices.Contains(p.plan.Left, one) {
		p.plan.Left = append(p.plan.Left, one)
	}
}
