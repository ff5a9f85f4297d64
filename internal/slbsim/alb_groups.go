package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albGroup is a server group, in the API's words. Sticky sessions, slow start and hashing by URL are not modelled.
type albGroup struct {
	ID        string         `json:"ServerGroupId"`
	Name      string         `json:"ServerGroupName"`
	Type      string         `json:"ServerGroupType"`
	Status    string         `json:"ServerGroupStatus"` // Creating, Available, Configuring, Deleting
	Protocol  string         `json:"Protocol"`
	Scheduler string         `json:"Scheduler"`
	VpcID     string         `json:"VpcId"`
	Group     string         `json:"ResourceGroupId"`
	Service   string         `json:"ServiceName,omitempty"`
	Created   string         `json:"CreateTime"`
	CrossZone bool           `json:"CrossZoneEnabled"`
	Keepalive bool           `json:"UpstreamKeepaliveEnabled"`
	Count     int            `json:"ServerCount"`
	Health    albHealthCheck `json:"HealthCheckConfig"`
	Drain     albDrain       `json:"ConnectionDrainConfig"`
	Tags      tags           `json:"Tags"`

	Balancers []string `json:"RelatedLoadBalancerIds"`
	Listeners []string `json:"RelatedListenerIds"`
	Rules     []string `json:"RelatedRuleIds"`

	servers []*albServer
	pool    *plane.Pool
	check   *plane.Check
}

type albDrain struct {
	Enabled bool `json:"ConnectionDrainEnabled"`
	Timeout int  `json:"ConnectionDrainTimeout" check:"0..900"` // seconds
}

// albGroupParams are what create and update have in common.
type albGroupParams struct {
	Name      *string               `json:"ServerGroupName"`
	Scheduler *string               `json:"Scheduler" check:"in=Wrr|Wlc|Sch"`
	Service   *string               `json:"ServiceName"`
	Keepalive *bool                 `json:"UpstreamKeepaliveEnabled"`
	CrossZone *bool                 `json:"CrossZoneEnabled"`
	Health    *albHealthCheckParams `json:"HealthCheckConfig"`
	Drain     *albDrain             `json:"ConnectionDrainConfig"`
	Sticky    *albOff               `json:"StickySessionConfig"`
	Slow      *albSlow              `json:"SlowStartConfig"`
}

// albOff and albSlow can only be sent as off.
type albOff struct {
	Enabled string `json:"StickySessionEnabled" check:"in=false"`
}

type albSlow struct {
	Enabled string `json:"SlowStartEnabled" check:"in=false"`
}

type albCreateGroupParams struct {
	albGroupParams
	Type     string `json:"ServerGroupType" check:"in=Instance|Ip"`
	Protocol string `json:"Protocol" check:"in=HTTP|HTTPS|gRPC"`
	VpcID    string `json:"VpcId" check:"required"`
	Group    string `json:"ResourceGroupId"`
	Tags     tags   `json:"Tag" check:"0..20"`
}

func (s *Sim) albCreateGroup(c *wire.Call, p albCreateGroupParams) (func() any, error) {
	switch {
	case p.Name == nil:
		return nil, albDialect.Missing("ServerGroupName")
	case p.Health == nil || p.Health.Enabled == nil:
		return nil, albDialect.Missing("HealthCheckConfig.HealthCheckEnabled")
	}
	if _, ok := s.net.vpcs.byID[p.VpcID]; !ok {
		return nil, albNotFound("Vpc", p.VpcID)
	}
	g := &albGroup{
		ID: s.id("sgp-"), Type: p.Type, Status: "Creating", Protocol: p.Protocol, Scheduler: "Wrr", VpcID: p.VpcID, Group: p.Group,
		Created: s.stamp(), CrossZone: true, Drain: albDrain{Timeout: 300}, Tags: p.Tags, Health: albDefaultCheck,
	}
	def(&g.Type, "Instance")
	def(&g.Protocol, "HTTP")
	def(&g.Group, "rg-default")
	if err := g.verify(p.albGroupParams); err != nil {
		return nil, err
	}
	g.apply(p.albGroupParams)
	return func() any {
		g.pool = plane.NewPool(s.clock)
		g.check = g.pool.NewCheck()
		s.alb.groups.put(g.ID, g)
		s.albSetPool(g)
		return reply{"ServerGroupId": g.ID, "JobId": s.start(c, "servergroup", g.ID, func() { g.Status = "Available" },
			func() { s.alb.groups.drop(g.ID) })}
	}, nil
}

func (g *albGroup) verify(p albGroupParams) error {
	if p.Name != nil && !albName.MatchString(*p.Name) {
		return albDialect.Illegal("ServerGroupName")
	}
	if p.Health == nil {
		return nil
	}
	h := g.Health
	h.apply(*p.Health)
	return h.verify()
}

func (g *albGroup) apply(p albGroupParams) {
	set(&g.Name, p.Name)
	set(&g.Scheduler, p.Scheduler)
	set(&g.Service, p.Service)
	set(&g.Keepalive, p.Keepalive)
	set(&g.CrossZone, p.CrossZone)
	set(&g.Drain, p.Drain)
	if p.Health != nil {
		g.Health.apply(*p.Health)
	}
}

// albGroupIn finds a server group, in one of these states if any are named.
func (s *Sim) albGroupIn(id string, steady ...string) (*albGroup, error) {
	g, ok := s.alb.groups.byID[id]
	if !ok {
		return nil, albNotFound("ServerGroup", id)
	}
	return g, albSteady("ServerGroup", g.Status, steady...)
}

type albListGroupsParams struct {
	tokenPage
	IDs       []string    `json:"ServerGroupIds" check:"0..20"`
	Names     []string    `json:"ServerGroupNames" check:"0..10"`
	Type      string      `json:"ServerGroupType"`
	VpcID     string      `json:"VpcId"`
	Group     string      `json:"ResourceGroupId"`
	Relations bool        `json:"ShowRelationEnabled"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) albListGroups(_ *wire.Call, p albListGroupsParams) (any, error) {
	found := s.alb.groups.where(func(g *albGroup) bool {
		return among(p.IDs, g.ID) && among(p.Names, g.Name) && like(p.Type, g.Type) && like(p.VpcID, g.VpcID) && like(p.Group, g.Group) &&
			g.Tags.match(p.Tags)
	})
	items, frame, err := cut(found, func(g *albGroup) string { return g.ID }, p.tokenPage, albDialect)
	for _, g := range items {
		g.Count = len(g.servers)
		g.Balancers, g.Listeners, g.Rules = nil, nil, nil
		if p.Relations {
			g.Balancers, g.Listeners, g.Rules = s.albRelations(g)
		}
	}
	return struct {
		tokenReply
		Items []*albGroup `json:"ServerGroups"`
	}{frame, items}, err
}

// albRelations gives the instances, listeners and rules that use a group.
func (s *Sim) albRelations(g *albGroup) (balancers, listeners, rules []string) {
	for _, l := range s.alb.listeners.all() {
		if l.Default[0].Forward.has(g.ID) {
			listeners = append(listeners, l.ID)
			balancers = append(balancers, l.BalancerID)
		}
	}
	for _, r := range s.alb.rules.all() {
		if slices.ContainsFunc(r.Actions, func(a albAction) bool { return a.Forward.has(g.ID) }) {
			rules = append(rules, r.ID)
			balancers = append(balancers, r.BalancerID)
		}
	}
	slices.Sort(balancers)
	return slices.Compact(balancers), listeners, rules
}

func (f *albForwardGroup) has(group string) bool {
	return f != nil && slices.ContainsFunc(f.Tuples, func(t albTuple) bool { return t.ID == group })
}
