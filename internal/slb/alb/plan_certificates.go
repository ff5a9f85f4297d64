package alb

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// certificateStep is what is to be done with a listener's additional certificates: names of the owner's.
type certificateStep struct {
	On, Off []string
}

// certificates plans those of Secrets. Of one that was renewed the new one is there before the old one goes.
//
//	uploaded  wanted on the listener  on it  then
//	no        yes                     no     upload it
//	yes       yes                     no     put it on, if it is announced: else it is time to announce it
//	yes       no                      yes    take it off, unless the one that its Secret has now is wanted and not on it yet
//	yes       on none                 none   delete it
func (p *planner) certificates() {
	wanted, on := sets.Set[string]{}, map[string]sets.Set[string]{}
	for _, c := range p.d.Certificates {
		wanted.Insert(c.Name)
		there := p.s.certificates[c.Name]
		if there == nil && !p.heldBack("certificate "+c.Key, c.Name, p.rulesFor(c.Key, "")...) {
			p.plan.Upload = append(p.plan.Upload, c)
		}
		for _, l := range c.Listeners {
			if on[l] == nil {
				on[l] = sets.Set[string]{}
			}
			on[l].Insert(c.Name)
			switch {
			case there == nil || p.s.has(l, c.Name) || p.heldBack(placeOf(c.Key, l), c.Name, p.rulesFor(c.Key, l)...):
			case !slices.Contains(p.announced, there.ID):
				p.later(time.Millisecond)
			default:
				p.step(l).On = append(p.step(l).On, c.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.s.certificates)) {
		used := wanted.Has(name)
		for _, l := range slices.Sorted(maps.Keys(p.s.extra)) {
			if !p.s.has(l, name) {
				continue
			}
			used = true
			if !on[l].Has(name) && !p.succeeds(l, name, on[l]) {
				p.step(l).Off = append(p.step(l).Off, name)
			}
		}
		if !used && !p.mem.inUse[name] {
			p.plan.Forget = append(p.plan.Forget, name)
		}
	}
}

// placeOf tells a certificate on a listener apart in memory.
func placeOf(key, listener string) string { return "certificate " + key + " on " + listener }

// succeeds says whether the Secret that a certificate was of has another now, which the listener waits for.
func (p *planner) succeeds(listener, name string, wanted sets.Set[string]) bool {
	for next := range wanted {
		if deploy.SameSecret(next, name) && !p.s.has(listener, next) {
			return true
		}
	}
	return false
}

func (p *planner) step(listener string) *certificateStep {
	if p.plan.Certify[listener] == nil {
		p.plan.Certify[listener] = &certificateStep{}
	}
	return p.plan.Certify[listener]
}

// rulesFor gives the rules that need a certificate, on one listener or on all.
func (p *planner) rulesFor(key, listener string) []wantedRule {
	return slices.DeleteFunc(slices.Clone(p.d.Rules), func(r wantedRule) bool {
		return r.Certificate != key || listener != "" && r.Listener != listener
	})
}

// uncertified says why a rule's listener does not have the certificate that it needs.
func (p *planner) uncertified(want wantedRule) string {
	if want.Certificate == "" {
		return ""
	}
	for _, c := range p.d.Certificates {
		if c.Key == want.Certificate && p.s.has(want.Listener, c.Name) {
			return ""
		}
	}
	if p.s.unlisted != nil {
		return "which certificates are there cannot be found out: " + p.s.unlisted.Error()
	}
	return "the certificate of the Secret " + want.Certificate + " is not on the listener yet"
}
