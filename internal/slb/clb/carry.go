package clb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// run carries a plan out, one call after another: a CLB takes one change at a time. What is refused for what it is, is left out; after
// any other error all is read anew, for replies that are lost tell nothing.
type run struct {
	*Deployer
	ctx  context.Context
	w    slb.Wanted
	s    *state
	mem  *memory
	enis map[string]string
	errs []error
}

// all carries everything out: groups and certificates before rules that use them, servers come before others go, and what is not wanted goes last.
func (r *run) all(p plan) error {
	for _, want := range p.Create {
		r.createGroup(want)
	}
	for _, c := range p.Upload {
		r.upload(c)
	}
	for _, e := range p.Extend {
		r.extend("", e)
	}
	for _, id := range slices.Sorted(maps.Keys(p.Reset)) {
		r.extend(id, p.Reset[id])
	}
	for _, id := range slices.Sorted(maps.Keys(p.Servers)) {
		r.changeServers(r.s.groups[id], p.Servers[id])
	}
	for _, id := range slices.Sorted(maps.Keys(p.Set)) {
		r.setRule(id, p.Set[id])
	}
	refused := map[int][]wantedRule{}
	for _, port := range slices.Sorted(maps.Keys(p.Make)) {
		refused[port] = r.makeRules(port, p.Make[port])
	}
	r.dropRules(p.Drop)
	if len(p.Drop) > 0 {
		for _, port := range slices.Sorted(maps.Keys(refused)) {
			r.makeRules(port, refused[port]) // there may be room for them now
		}
	}
	for _, id := range p.Groups {
		r.dropGroup(id)
	}
	for _, id := range p.Unextend {
		r.unextend(id)
	}
	for _, id := range p.Forget {
		r.forget(id)
	}
	isLost := func(err error) int { // whoever called looks at the first
		if cloud.KindOf(err) == cloud.Lost {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(r.errs, func(a, b error) int { return isLost(a) - isLost(b) })
	return deploy.Join(r.errs)
}

// lost says whether a reply was lost, after which nothing more is done before all is read anew.
func (r *run) lost() bool {
	return r.ctx.Err() != nil || slices.ContainsFunc(r.errs, func(err error) bool { return cloud.KindOf(err) == cloud.Lost })
}

// ok notes an error.
func (r *run) ok(about string, err error) bool {
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", about, err))
		if e, ok := errors.AsType[*cloud.Error](err); ok && e.Code == "ObtainIpFail" { // an interface has the address no more
			r.Deployer.enis.forget()
		}
	}
	return err == nil
}

func (r *run) hold(about, what, reason string) {
	r.mem.held[about] = deploy.Hold{What: what, Until: r.Clock.Now().Add(r.Retry), Reason: reason}
}

// mostServers and mostRules are how many one call may have.
const (
	mostServers = 20
	mostRules   = 10
)

func (r *run) createGroup(want wantedRule) {
	if r.lost() {
		return
	}
	servers := map[endpoint]server{}
	for at, weight := range want.Weights {
		if eni := r.enis[at.IP]; eni != "" {
			servers[at] = server{eni, weight}
		}
	}
	order := slices.SortedFunc(maps.Keys(servers), byAddress)
	first := order[:min(len(order), mostServers)]
	about := "making the VServer group of " + want.Key
	id, err := r.api.createGroup(r.ctx, r.w.LoadBalancerID, nameOf(r.w.Owner, want.Key), items(first, servers), deploy.Tags(r.w.Owner, want.Key))
	if deploy.Final(err) && len(first) > 0 { // a quota of servers, or of groups: which, is seen without servers
		first = nil
		id, err = r.api.createGroup(r.ctx, r.w.LoadBalancerID, nameOf(r.w.Owner, want.Key), nil, deploy.Tags(r.w.Owner, want.Key))
	}
	if deploy.Final(err) {
		r.hold("group "+want.Key, "", deploy.Reason(err))
		return
	}
	if !r.ok(about, err) {
		return
	}
	g := &group{ID: id, Key: deploy.Short(want.Key), Servers: map[endpoint]server{}}
	for _, at := range first {
		g.Servers[at] = servers[at]
		delete(servers, at)
	}
	r.s.groups[id] = g
	r.changeServers(g, serverChange{Add: servers})
}

func items(at []endpoint, servers map[endpoint]server) []serverItem {
	list := make([]serverItem, len(at))
	for i, one := range at {
		list[i] = serverItem{servers[one].eni, one.IP, cloud.Int(one.Port), cloud.Int(servers[one].weight), "eni"}
	}
	return list
}

// changeServers changes a group, twenty servers by a call: first those that come, then weights, then those that go.
func (r *run) changeServers(g *group, c serverChange) {
	add := func(at []endpoint) bool { return r.addServers(g, at, c.Add) }
	weigh := func(at []endpoint) bool {
		if !r.ok("weighing servers of "+g.Key, r.api.changeServers(r.ctx, weighServers, g.ID, items(at, c.Weigh))) {
			return false
		}
		for _, one := range at {
			g.Servers[one] = c.Weigh[one]
		}
		return true
	}
	remove := func(at []endpoint) bool {
		if !r.ok("removing servers of "+g.Key, r.api.changeServers(r.ctx, removeServers, g.ID, items(at, c.Remove))) {
			return false
		}
		for _, one := range at {
			delete(g.Servers, one)
		}
		clear(r.mem.held)
		return true
	}
	for _, step := range []struct {
		servers map[endpoint]server
		do      func([]endpoint) bool
	}{{c.Add, add}, {c.Weigh, weigh}, {c.Remove, remove}} {
		for part := range slices.Chunk(slices.SortedFunc(maps.Keys(step.servers), byAddress), mostServers) {
			if r.lost() {
				return
			}
			if !step.do(part) {
				break
			}
		}
	}
}

// addServers does as much as there is room for: what a quota refuses is tried with half as many.
func (r *run) addServers(g *group, at []endpoint, servers map[endpoint]server) bool {
	err := r.api.changeServers(r.ctx, addServers, g.ID, items(at, servers))
	if half := len(at) / 2; cloud.KindOf(err) == cloud.Quota && half > 0 {
		return r.addServers(g, at[:half], servers) && r.addServers(g, at[half:], servers)
	}
	if cloud.KindOf(err) == cloud.Quota {
		missing := maps.Clone(servers)
		maps.DeleteFunc(missing, func(at endpoint, _ server) bool { return g.Servers[at].eni != "" })
		r.hold("servers of "+g.ID, textOf(missing), fmt.Sprintf("%d of its Pods get no requests: %s", len(missing), deploy.Reason(err)))
		return false
	}
	if !r.ok("adding servers to "+g.Key, err) {
		return false
	}
	for _, one := range at {
		g.Servers[one] = servers[one]
	}
	return true
}
