package clb

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// plan is what can be done now, in this order, and what has to wait.
type plan struct {
	Create  []wantedRule            // VServer groups, with their servers
	Servers map[string]serverChange // by ID of the group
	Set     map[string]wantedRule   // rules that lead elsewhere, by ID
	Make    map[int][]wantedRule    // rules by port
	Drop    []string                // IDs of rules
	Groups  []string                // IDs of groups to delete

	Upload   []wantedCertificate
	Extend   []wantedExtension
	Reset    map[string]wantedExtension // by ID
	Unextend []string                   // IDs
	Forget   []string                   // IDs of certificates

	States []slb.RuleState
	Left   []slb.LeftOut
	Again  time.Duration // when there may be more to do; 0: nothing waits
}

// serverChange is what is to be done in a group, in this order.
type serverChange struct {
	Add    map[endpoint]server
	Weigh  map[endpoint]server
	Remove map[endpoint]server
}

func (p *plan) empty() bool {
	return len(p.Create)+len(p.Servers)+len(p.Set)+len(p.Make)+len(p.Drop)+len(p.Groups)+
		len(p.Upload)+len(p.Extend)+len(p.Reset)+len(p.Unextend)+len(p.Forget) == 0
}

// memory is what is known about a load balancer beyond what can be read from it.
type memory struct {
	zero   map[serverOf]time.Time // since when a server gets no requests
	unused map[string]time.Time   // since when no rule uses a group, by its ID
	held   deploy.Holds           // what was refused, by what it was about
	inUse  map[string]bool        // certificates that somebody else uses, by ID
}

type serverOf struct {
	group string // its ID
	at    endpoint
}

func newMemory() *memory {
	return &memory{zero: map[serverOf]time.Time{}, unused: map[string]time.Time{}, held: deploy.Holds{}, inUse: map[string]bool{}}
}

// planner makes a plan of values: what is there, what should be, the interfaces of addresses, and the time.
type planner struct {
	Options
	s    *state
	d    desired
	enis map[string]string
	mem  *memory
	now  time.Time
	// troubled says that a listener cannot have rules.
	troubled bool
	plan     plan
}

func (p *planner) make() plan {
	p.plan = plan{Servers: map[string]serverChange{}, Set: map[string]wantedRule{}, Make: map[int][]wantedRule{}, Reset: map[string]wantedExtension{}, Left: slices.Clone(p.d.Left)}
	if p.s.unlisted == nil {
		p.certificates()
	}
	places, keep := sets.Set[place]{}, sets.Set[string]{}
	for _, left := range p.d.Left {
		keep.Insert(deploy.Short(left.Rule)) // what stands of it stays
	}
	zero := sets.Set[serverOf]{}
	for _, want := range p.d.Rules {
		state := slb.RuleState{Rule: want.Key, Host: want.Host, Waiting: cmp.Or(p.rule(want, places, zero), p.uncertified(want))}
		state.Ready = state.Waiting == ""
		p.plan.States = append(p.plan.States, state)
	}
	deploy.Only(p.mem.zero, zero)
	for _, id := range slices.Sorted(maps.Keys(p.s.rules)) {
		r := p.s.rules[id]
		if g := p.s.groups[r.Group]; !places.Has(r.place()) && (g == nil || !keep.Has(g.Key)) {
			p.plan.Drop = append(p.plan.Drop, id)
		}
	}
	p.drops(keep)
	if p.troubled {
		p.later(p.Retry)
	}
	return p.plan
}

// rule plans one with its group, and says what it waits for.
func (p *planner) rule(want wantedRule, places sets.Set[place], zero sets.Set[serverOf]) (waiting string) {
	g := p.s.group(want.Key)
	if g == nil {
		if !p.heldBack("group "+want.Key, "", want) {
			p.plan.Create = append(p.plan.Create, want)
		}
		waiting = "its VServer group is being made"
	} else if p.servers(g, want, zero); !serves(g) {
		waiting = "it has no Pods"
	}
	for _, port := range want.Ports {
		at := place{port, strings.ToLower(want.Host), want.URL}
		places.Insert(at)
		now := p.s.at(at)
		switch {
		case now != nil && g != nil && now.Group == g.ID:
		case p.heldBack(fmt.Sprintf("rule %d %s", port, want.Key), "", want):
			waiting = "it is left out"
		case now != nil:
			p.plan.Set[now.ID] = want
			waiting = "it is being changed"
		case p.s.foreign[at] != "":
			p.leftOut(want, fmt.Sprintf("the rule %q, which is not of this SLBIngress, has %s%s on port %d: delete it, or use another host",
				p.s.foreign[at], want.Host, want.URL, port))
			waiting = "it is left out"
		default:
			p.plan.Make[port] = append(p.plan.Make[port], want)
			waiting = "it is being made"
		}
	}
	return waiting
}

// drops plans the end of groups that no rule uses, after requests that are under way have had time to end.
func (p *planner) drops(keep sets.Set[string]) {
	used, wanted := sets.Set[string]{}, sets.Set[string]{}
	for _, r := range p.s.rules {
		used.Insert(r.Group)
	}
	for _, want := range p.d.Rules {
		if g := p.s.group(want.Key); g != nil {
			wanted.Insert(g.ID)
		}
	}
	seen := sets.Set[string]{}
	for _, id := range slices.Sorted(maps.Keys(p.s.groups)) {
		g := p.s.groups[id]
		if wanted.Has(id) || used.Has(id) || g.others || keep.Has(g.Key) {
			continue
		}
		seen.Insert(id)
		due := deploy.Since(p.mem.unused, id, p.now).Add(p.Drain)
		if len(g.Servers) == 0 || !p.now.Before(due) {
			p.plan.Groups = append(p.plan.Groups, id)
			continue
		}
		p.later(due.Sub(p.now))
	}
	deploy.Only(p.mem.unused, seen)
}

func (p *planner) later(d time.Duration) {
	if p.plan.Again == 0 || d < p.plan.Again {
		p.plan.Again = max(d, time.Millisecond)
	}
}

// heldBack says whether something was refused a short while ago, and notes that its rule is left out.
func (p *planner) heldBack(about, what string, want wantedRule) bool {
	reason, left, held := p.mem.held.On(about, what, p.now)
	if held {
		p.later(left)
		p.leftOut(want, reason)
	}
	return held
}

func (p *planner) leftOut(want wantedRule, reason string) {
	one := slb.LeftOut{Rule: want.Key, Host: want.Host, Reason: reason}
	if !slices.Contains(p.plan.Left, one) {
		p.plan.Left = append(p.plan.Left, one)
	}
}

// textOf is a set of servers, to compare it by.
func textOf(servers map[endpoint]server) string {
	return fmt.Sprint(slices.SortedFunc(maps.Keys(servers), byAddress))
}
