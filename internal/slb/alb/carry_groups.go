package alb

import (
	"fmt"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// mostServers is how many servers one call may have.
const mostServers = 200

func (r *run) createGroup(want wantedGroup) {
	about := "making the server group of " + want.Key
	m, err := r.api.createGroup(r.ctx, r.w.Owner, want, r.s.vpc)
	if cloud.KindOf(err) == cloud.Quota {
		r.hold("group "+want.id(), want.id(), deploy.Reason(err))
		return
	}
	if !r.done(about, m, err) {
		return
	}
	g := &group{ID: m.Group, Key: deploy.Short(want.Key), Protocol: want.Protocol, Check: check, Servers: map[endpoint]int{}}
	r.mu.Lock()
	r.s.groups[g.ID] = g
	r.mu.Unlock()
	r.changeServers(g.ID, serverChange{Add: want.Weights})
}

func (r *run) setCheck(id string) {
	m, err := r.api.setCheck(r.ctx, id)
	if r.done("setting the health check of server group "+id, m, err) {
		r.mu.Lock()
		r.s.groups[id].Check = check
		r.mu.Unlock()
	}
}

func (r *run) dropGroup(id string) {
	m, err := r.api.deleteGroup(r.ctx, id)
	if cloud.IsGone(err) {
		m, err = made{}, nil
	}
	if r.done("deleting the server group "+id, m, err) {
		r.mu.Lock()
		delete(r.s.groups, id)
		clear(r.mem.held)
		r.mu.Unlock()
	}
}

// changeServers changes a group: servers come and go by one call for each 200, and so do weights.
func (r *run) changeServers(id string, c serverChange) {
	r.mu.Lock()
	g := r.s.groups[id]
	r.mu.Unlock()
	about := fmt.Sprintf("changing the servers of %s (%s)", g.Key, id)
	add, remove := slices.SortedFunc(maps.Keys(c.Add), byAddress), c.Remove
	for len(add)+len(remove) > 0 {
		some := min(len(add), mostServers)
		less := min(len(remove), mostServers)
		if !r.addAndRemove(g, about, add[:some], remove[:less], c.Add) {
			return
		}
		add, remove = add[some:], remove[less:]
	}
	for part := range slices.Chunk(slices.SortedFunc(maps.Keys(c.Weigh), byAddress), mostServers) {
		m, err := r.api.weighServers(r.ctx, g.ID, items(part, c.Weigh))
		if !r.done(about, m, err) {
			return
		}
		for _, at := range part {
			g.Servers[at] = c.Weigh[at]
		}
	}
}

// addAndRemove does as much as there is room for: what a quota refuses is tried with half as many.
func (r *run) addAndRemove(g *group, about string, add, remove []endpoint, weights map[endpoint]int) bool {
	m, err := r.api.changeServers(r.ctx, g.ID, items(add, weights), items(remove, nil))
	if cloud.KindOf(err) == cloud.Quota {
		return r.addFewer(g, about, add, remove, weights, err)
	}
	if !r.done(about, m, err) {
		return false
	}
	for _, at := range add {
		g.Servers[at] = weights[at]
	}
	for _, at := range remove {
		delete(g.Servers, at)
	}
	if len(remove) > 0 {
		r.mu.Lock()
		clear(r.mem.held)
		r.mu.Unlock()
	}
	return true
}

func (r *run) addFewer(g *group, about string, add, remove []endpoint, weights map[endpoint]int, refused error) bool {
	if len(remove) > 0 { // they make room, so they go first
		return r.addAndRemove(g, about, nil, remove, nil) && r.addAndRemove(g, about, add, nil, weights)
	}
	if half := len(add) / 2; half > 0 {
		return r.addAndRemove(g, about, add[:half], nil, weights) && r.addAndRemove(g, about, add[half:], nil, weights)
	}
	missing := map[endpoint]int{}
	for at, weight := range r.wantedServers(g) {
		if _, there := g.Servers[at]; !there {
			missing[at] = weight
		}
	}
	r.hold("servers of "+g.ID, textOf(missing), fmt.Sprintf("%d of its Pods get no requests: %s", len(missing), deploy.Reason(refused)))
	return false
}

func (r *run) wantedServers(g *group) map[endpoint]int { return r.want.Known[g.id()].Weights }

func items(at []endpoint, weights map[endpoint]int) []serverItem {
	list := make([]serverItem, len(at))
	for i, one := range at {
		list[i] = serverItem{Type: "Ip", ID: one.IP, Port: cloud.Int(one.Port)}
		if weights != nil {
			weight := cloud.Int(weights[one])
			list[i].Weight = &weight // always: without it, it is 0
		}
	}
	return list
}

// textOf is a set of servers, to compare it by.
func textOf(servers map[endpoint]int) string {
	return fmt.Sprint(slices.SortedFunc(maps.Keys(servers), byAddress))
}
