package clb

import (
	"fmt"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

func (r *run) setRule(id string, want wantedRule) {
	g := r.s.group(want.Key)
	if g == nil || r.lost() {
		return
	}
	if r.ok("changing the rule of "+want.Key, r.api.setRule(r.ctx, id, g.ID)) {
		r.s.rules[id].Group = g.ID
	}
}

// makeRules makes rules, ten by a call, and gives those that were refused for what they are, or for a quota.
func (r *run) makeRules(port int, wanted []wantedRule) (refused []wantedRule) {
	for part := range slices.Chunk(wanted, mostRules) {
		refused = append(refused, r.makeSome(port, part)...)
	}
	return refused
}

func (r *run) makeSome(port int, wanted []wantedRule) []wantedRule {
	var rules []newRule
	for _, want := range wanted {
		if g := r.s.group(want.Key); g != nil {
			rules = append(rules, newRule{nameOf(r.w.Owner, want.Key), want.Host, want.URL, g.ID})
		}
	}
	if len(rules) == 0 || r.lost() {
		return nil
	}
	made, err := r.api.createRules(r.ctx, r.w.LoadBalancerID, front{Port: port, Protocol: r.s.listeners[port].Protocol}, rules)
	if deploy.Final(err) {
		if half := len(wanted) / 2; half > 0 {
			return append(r.makeSome(port, wanted[:half]), r.makeSome(port, wanted[half:])...)
		}
		r.hold(fmt.Sprintf("rule %d %s", port, wanted[0].Key), "", deploy.Reason(err))
		return wanted
	}
	if r.ok(fmt.Sprintf("making rules of port %d", port), err) {
		for _, one := range made {
			one.Port = port
			r.s.rules[one.ID] = &one
		}
	}
	return nil
}

func (r *run) dropRules(ids []string) {
	for part := range slices.Chunk(ids, mostRules) {
		if r.lost() {
			return
		}
		err := r.api.deleteRules(r.ctx, part)
		if cloud.IsGone(err) && len(part) > 1 { // one of them: which, is not said
			for _, id := range part {
				r.dropRules([]string{id})
			}
			continue
		}
		if cloud.IsGone(err) || r.ok("deleting rules", err) {
			for _, id := range part {
				delete(r.s.rules, id)
			}
			clear(r.mem.held) // there may be room for what was refused
		}
	}
}

func (r *run) dropGroup(id string) {
	if r.lost() {
		return
	}
	if err := r.api.deleteGroup(r.ctx, id); cloud.IsGone(err) || r.ok("deleting the VServer group "+id, err) {
		delete(r.s.groups, id)
		clear(r.mem.held)
	}
}
