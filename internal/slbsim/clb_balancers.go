package slbsim

import (
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbBalancer is a CLB instance: what it was made with, and what has become of it.
type clbBalancer struct {
	clbBalancerParams
	ID      string `json:"LoadBalancerId"`
	Status  string `json:"LoadBalancerStatus"` // active
	Address string `json:"Address"`
	Network string `json:"NetworkType"`
	Created string `json:"CreateTime"`
	Region  string `json:"RegionId"`

	tags      tags
	listeners map[int]*clbListener
	servers   []*clbServer // the default ones, for listeners without a group
	busy      bool
}

type clbBalancerParams struct {
	Name               string `json:"LoadBalancerName" check:"1..80"`
	AddressType        string `json:"AddressType" check:"in=internet|intranet"`
	IPVersion          string `json:"AddressIPVersion" check:"in=ipv4"`
	InternetChargeType string `json:"InternetChargeType" check:"in=paybytraffic|paybybandwidth"`
	ChargeType         string `json:"InstanceChargeType" check:"in=PayBySpec|PayByCLCU"`
	PayType            string `json:"PayType" check:"in=PayOnDemand"`
	Spec               string `json:"LoadBalancerSpec"`
	Bandwidth          int    `json:"Bandwidth" check:"1..5120"`
	VpcID              string `json:"VpcId"`
	VSwitchID          string `json:"VSwitchId"`
	Master             string `json:"MasterZoneId"`
	Slave              string `json:"SlaveZoneId"`
	Group              string `json:"ResourceGroupId"`
	Protection         string `json:"DeleteProtection" check:"in=on|off"`
	Modification       string `json:"ModificationProtectionStatus" check:"in=NonProtection|ConsoleProtection"`
	Reason             string `json:"ModificationProtectionReason" check:"0..80"`
}

type clbCreateBalancerParams struct {
	clbBalancerParams
	Tags tags `json:"Tag" check:"0..20"`
}

func (s *Sim) clbCreateBalancer(_ *wire.Call, p clbCreateBalancerParams) (func() any, error) {
	if used := len(s.clb.balancers.order); used >= s.opts.CLB.Balancers {
		return nil, clbQuota("instances of the account", used, s.opts.CLB.Balancers)
	}
	b := &clbBalancer{
		clbBalancerParams: p.clbBalancerParams, ID: s.id("lb-"), Status: "active", Network: "classic", Created: s.stamp(), Region: s.opts.Region,
		tags: p.Tags, listeners: map[int]*clbListener{},
	}
	def(&b.Name, b.ID)
	def(&b.AddressType, "internet")
	def(&b.IPVersion, "ipv4")
	def(&b.InternetChargeType, "paybytraffic")
	def(&b.ChargeType, "PayByCLCU")
	def(&b.PayType, "PayOnDemand")
	def(&b.Protection, "off")
	def(&b.Modification, "NonProtection")
	def(&b.Group, "rg-default")
	if p.VSwitchID != "" {
		vswitch, ok := s.net.vswitches.byID[p.VSwitchID]
		if !ok {
			return nil, wire.NotFound("InvalidVSwitchId.NotFound", "The specified VSwitch %s does not exist.", p.VSwitchID)
		}
		b.VpcID, b.Network = vswitch.VpcID, "vpc"
		def(&b.Master, vswitch.ZoneID)
	}
	return func() any {
		b.Address = s.address()
		s.clb.balancers.put(b.ID, b)
		return reply{
			"LoadBalancerId": b.ID, "LoadBalancerName": b.Name, "Address": b.Address, "VpcId": b.VpcID, "VSwitchId": b.VSwitchID,
			"NetworkType": b.Network, "ResourceGroupId": b.Group, "AddressIPVersion": b.IPVersion,
		}
	}, nil
}

// clbFind finds an instance.
func (s *Sim) clbFind(id string) (*clbBalancer, error) {
	b, ok := s.clb.balancers.byID[id]
	if !ok {
		return nil, wire.NotFound("InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId %s does not exist.", id)
	}
	return b, nil
}

// clbIdle finds an instance that can be changed.
func (s *Sim) clbIdle(id string) (*clbBalancer, error) {
	b, err := s.clbFind(id)
	if err == nil && b.busy {
		err = clbConfiguring()
	}
	return b, err
}

type clbID struct {
	ID string `json:"LoadBalancerId" check:"required"`
}

// clbTagView is CLB's own form of a tag.
type clbTagView struct {
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

func (t tags) clb() reply {
	views := []clbTagView{}
	for _, one := range t {
		views = append(views, clbTagView(one))
	}
	return reply{"Tag": views}
}

func (s *Sim) clbGetBalancer(_ *wire.Call, p clbID) (any, error) {
	b, err := s.clbFind(p.ID)
	if err != nil {
		return nil, err
	}
	var numbers []int
	protocols := []reply{}
	for _, port := range slices.Sorted(maps.Keys(b.listeners)) {
		numbers = append(numbers, port)
		protocols = append(protocols, reply{"ListenerPort": port, "ListenerProtocol": b.listeners[port].protocolName()})
	}
	servers := []clbServer{}
	for _, one := range b.servers {
		servers = append(servers, *one)
	}
	return struct {
		*clbBalancer
		Tags      any `json:"Tags"`
		Ports     any `json:"ListenerPorts"`
		Protocols any `json:"ListenerPortsAndProtocol"`
		Servers   any `json:"BackendServers"`
	}{b, b.tags.clb(), reply{"ListenerPort": numbers}, reply{"ListenerPortAndProtocol": protocols}, reply{"BackendServer": servers}}, nil
}

type clbListBalancersParams struct {
	numberPage
	ID        string      `json:"LoadBalancerId"`
	Name      string      `json:"LoadBalancerName"`
	Status    string      `json:"LoadBalancerStatus"`
	Address   string      `json:"Address"`
	Type      string      `json:"AddressType"`
	VpcID     string      `json:"VpcId"`
	VSwitchID string      `json:"VSwitchId"`
	Group     string      `json:"ResourceGroupId"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) clbListBalancers(_ *wire.Call, p clbListBalancersParams) (any, error) {
	found := s.clb.balancers.where(func(b *clbBalancer) bool {
		return (p.ID == "" || among(commas(p.ID), b.ID)) && like(p.Name, b.Name) && like(p.Status, b.Status) && like(p.Address, b.Address) &&
			like(p.Type, b.AddressType) && like(p.VpcID, b.VpcID) && like(p.VSwitchID, b.VSwitchID) && like(p.Group, b.Group) &&
			b.tags.match(p.Tags)
	})
	items, frame := number(found, p.numberPage)
	type view struct {
		*clbBalancer
		Tags any `json:"Tags"`
	}
	views := []view{}
	for _, b := range items {
		views = append(views, view{b, b.tags.clb()})
	}
	return struct {
		numberReply
		Items any `json:"LoadBalancers"`
	}{frame, reply{"LoadBalancer": views}}, nil
}
