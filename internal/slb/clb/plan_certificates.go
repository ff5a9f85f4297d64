package clb

import (
	"fmt"
	"maps"
	"slices"
)

// certificates plans those of Secrets.
//
//	uploaded  wanted for a domain  its extension has       then
//	no        yes                  –                       upload it
//	yes       yes                  –                       make the extension
//	yes       yes                  another of the owner's  set it
//	yes       yes                  somebody else's         its rules are left out
//	yes       no                   it                      delete the extension
//	yes       for none             –                       delete it
func (p *planner) certificates() {
	for _, c := range p.d.Certificates {
		if p.s.certificate(c.Name) == "" && !p.heldFor("certificate "+c.Key, c.Name, p.rulesFor(c.Key)) {
			p.plan.Upload = append(p.plan.Upload, c)
		}
	}
	wanted, used := map[string]bool{}, map[string]bool{}
	for _, e := range p.d.Extensions {
		id, now := p.s.certificate(e.Name), p.s.extension(e.Port, e.Domain)
		used[id] = true
		if now != nil {
			wanted[now.ID] = true
		}
		switch {
		case id == "" || now != nil && now.Certificate == id:
		case now != nil && !p.s.mine(now.Certificate):
			for _, r := range p.rulesOf(e) {
				p.leftOut(r, fmt.Sprintf("the domain extension %s of port %d, which is not of this SLBIngress, has a certificate for %s: delete it", now.ID, e.Port, e.Domain))
			}
		case p.heldFor(e.about(), e.Name, p.rulesOf(e)):
		case now != nil:
			p.plan.Reset[now.ID] = e
		default:
			p.plan.Extend = append(p.plan.Extend, e)
		}
	}
	for _, port := range slices.Sorted(maps.Keys(p.s.extensions)) {
		for _, e := range p.s.extensions[port] {
			used[e.Certificate] = true
			if p.s.mine(e.Certificate) && !wanted[e.ID] {
				p.plan.Unextend = append(p.plan.Unextend, e.ID)
			}
		}
	}
	for _, c := range p.s.certificates {
		if !used[c.ID] && !p.mem.inUse[c.ID] {
			p.plan.Forget = append(p.plan.Forget, c.ID)
		}
	}
}

// about tells an extension apart in memory.
func (e wantedExtension) about() string { return fmt.Sprintf("extension %d %s", e.Port, e.Domain) }

// rulesFor gives the rules that need a certificate.
func (p *planner) rulesFor(key string) []wantedRule {
	return slices.DeleteFunc(slices.Clone(p.d.Rules), func(r wantedRule) bool { return r.Certificate != key })
}

// rulesOf gives the rules that need an extension: a certificate for several hosts may have one for each.
func (p *planner) rulesOf(e wantedExtension) []wantedRule {
	return slices.DeleteFunc(p.rulesFor(e.Key), func(r wantedRule) bool { return !e.serves(r) })
}

// heldFor is heldBack for several rules.
func (p *planner) heldFor(about, what string, rules []wantedRule) bool {
	held := false
	for _, r := range rules {
		held = p.heldBack(about, what, r) || held
	}
	return held
}

// uncertified says why a listener does not have the certificate that a rule needs.
func (p *planner) uncertified(want wantedRule) string {
	for _, e := range p.d.Extensions {
		if !e.serves(want) {
			continue
		}
		if now := p.s.extension(e.Port, e.Domain); now == nil || now.Certificate != p.s.certificate(e.Name) {
			if p.s.unlisted != nil {
				return "which certificates are there cannot be found out: " + p.s.unlisted.Error()
			}
			return "the certificate of the Secret " + e.Key + " is not on the listener yet"
		}
	}
	return ""
}
