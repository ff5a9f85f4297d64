package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbGroup is a VServer group, in the API's words.
type clbGroup struct {
	ID         string `json:"VServerGroupId"`
	Name       string `json:"VServerGroupName"`
	BalancerID string `json:"LoadBalancerId"`
	Created    string `json:"CreateTime"`

	tags    tags
	servers []*clbServer
	pool    *plane.Pool
	busy    bool
}

type clbCreateGroupParams struct {
	clbID
	Name    string `json:"VServerGroupName" check:"1..80"`
	Servers string `json:"BackendServers"`
	Tags    tags   `json:"Tag" check:"0..20"`
}

func (s *Sim) clbCreateGroup(c *wire.Call, p clbCreateGroupParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	if err != nil {
		return nil, err
	}
	g := &clbGroup{ID: s.id("rsp-"), Name: p.Name, BalancerID: b.ID, Created: s.stamp(), tags: p.Tags}
	def(&g.Name, "null")
	if used := len(s.clb.groups.where(func(o *clbGroup) bool { return o.BalancerID == b.ID })); used >= s.opts.CLB.Groups {
		return nil, clbQuota("VServer groups of the instance", used, s.opts.CLB.Groups)
	}
	if p.Servers != "" && p.Servers != "[]" {
		if g.servers, err = s.clbParse("BackendServers", p.Servers, true); err != nil {
			return nil, err
		}
		if err := s.clbRoom(b, len(g.servers)); err != nil {
			return nil, err
		}
	}
	return func() any {
		g.pool = plane.NewPool(s.clock)
		s.clb.groups.put(g.ID, g)
		s.clbJob(c, b, &g.busy, g.setPool)
		return g.view()
	}, nil
}

// setPool lets traffic follow.
func (g *clbGroup) setPool() {
	config := plane.PoolConfig{Protocol: plane.HTTP}
	for _, one := range g.servers {
		config.Backends = append(config.Backends, one.backend())
	}
	g.pool.Set(config)
}

func (g *clbGroup) view() any {
	return struct {
		*clbGroup
		Tags    any `json:"Tags"`
		Servers any `json:"BackendServers"`
	}{g, g.tags.clb(), reply{"BackendServer": slices.Clone(g.servers)}}
}

func clbNoGroup(id string) *wire.Error {
	return wire.Refuse("InvalidParameter", "The specified VServerGroupId does not exist: %s.", id)
}

// clbHasGroup refuses a group that is not the instance's.
func (s *Sim) clbHasGroup(b *clbBalancer, id string) error {
	if g := s.clb.groups.byID[id]; g == nil || g.BalancerID != b.ID {
		return clbNoGroup(id)
	}
	return nil
}

// clbIdleGroup finds a group that can be changed, and its instance.
func (s *Sim) clbIdleGroup(id string) (*clbBalancer, *clbGroup, error) {
	g, ok := s.clb.groups.byID[id]
	if !ok {
		return nil, nil, clbNoGroup(id)
	}
	if g.busy {
		return nil, nil, wire.Refuse("BackendServer.configuring", "A previous configuration of the backend servers is pending.")
	}
	b, err := s.clbIdle(g.BalancerID)
	return b, g, err
}

type clbGroupID struct {
	ID string `json:"VServerGroupId" check:"required"`
}

func (s *Sim) clbGetGroup(_ *wire.Call, p clbGroupID) (any, error) {
	g, ok := s.clb.groups.byID[p.ID]
	if !ok {
		return nil, clbNoGroup(p.ID)
	}
	return g.view(), nil
}

type clbListGroupsParams struct {
	clbID
	Listeners bool        `json:"IncludeListener"`
	Rules     bool        `json:"IncludeRule"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) clbListGroups(_ *wire.Call, p clbListGroupsParams) (any, error) {
	b, err := s.clbFind(p.ID)
	if err != nil {
		return nil, err
	}
	views := []reply{}
	for _, g := range s.clb.groups.where(func(g *clbGroup) bool { return g.BalancerID == b.ID && g.tags.match(p.Tags) }) {
		listeners, rules := s.clbUsers(b, g)
		view := reply{
			"VServerGroupId": g.ID, "VServerGroupName": g.Name, "ServerCount": len(g.servers), "CreateTime": g.Created, "Tags": g.tags.clb(),
		}
		users := reply{}
		if p.Listeners {
			users["Listeners"] = reply{"Listener": listeners}
		}
		if p.Rules {
			users["Rules"] = reply{"Rule": rules}
		}
		view["AssociatedObjects"] = users
		views = append(views, view)
	}
	return reply{"VServerGroups": reply{"VServerGroup": views}}, nil
}

// clbUsers gives the listeners and rules that use a group.
func (s *Sim) clbUsers(b *clbBalancer, g *clbGroup) (listeners, rules []reply) {
	for port, l := range b.listeners {
		if l.GroupID == g.ID {
			listeners = append(listeners, reply{"Port": port, "Protocol": l.protocolName()})
		}
	}
	for _, r := range s.clb.rules.all() {
		if r.GroupID == g.ID {
			rules = append(rules, reply{"RuleId": r.ID, "RuleName": r.Name, "Domain": r.Domain, "Url": r.URL})
		}
	}
	return listeners, rules
}
