package slbsim

import (
	"regexp"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albBalancer is an ALB instance, in the API's words.
type albBalancer struct {
	ID           string           `json:"LoadBalancerId"`
	Name         string           `json:"LoadBalancerName"`
	Status       string           `json:"LoadBalancerStatus"` // Provisioning, Active, Configuring, CreateFailed, Deleting
	Business     string           `json:"LoadBalancerBussinessStatus"`
	Edition      string           `json:"LoadBalancerEdition"`
	AddressType  string           `json:"AddressType"`
	Allocated    string           `json:"AddressAllocatedMode"`
	IPVersion    string           `json:"AddressIpVersion"`
	VpcID        string           `json:"VpcId"`
	DNSName      string           `json:"DNSName"`
	Group        string           `json:"ResourceGroupId"`
	Region       string           `json:"RegionId"`
	Created      string           `json:"CreateTime"`
	Billing      albBilling       `json:"LoadBalancerBillingConfig"`
	Protection   albProtection    `json:"DeletionProtectionConfig"`
	Modification albModification  `json:"ModificationProtectionConfig"`
	Zones        []albZoneMapping `json:"ZoneMappings"`
	Tags         tags             `json:"Tags"`

	address string
}

type albBilling struct {
	PayType string `json:"PayType" check:"required,in=PostPay"`
}

type albProtection struct {
	Enabled bool   `json:"Enabled"`
	Since   string `json:"EnabledTime,omitempty"`
}

type albModification struct {
	Status string `json:"Status" check:"in=NonProtection|ConsoleProtection"`
	Reason string `json:"Reason,omitempty" check:"2..128"`
}

type albZoneMapping struct {
	ZoneID    string       `json:"ZoneId" check:"required"`
	VSwitchID string       `json:"VSwitchId" check:"required"`
	Addresses []albAddress `json:"LoadBalancerAddresses"`
}

type albAddress struct {
	Address  string `json:"Address,omitempty"`
	Intranet string `json:"IntranetAddress"`
}

type albZoneParam struct {
	ZoneID    string `json:"ZoneId" check:"required"`
	VSwitchID string `json:"VSwitchId" check:"required"`
}

type albCreateBalancerParams struct {
	Name         string           `json:"LoadBalancerName"`
	Edition      string           `json:"LoadBalancerEdition" check:"required,in=Basic|Standard|StandardWithWaf"`
	AddressType  string           `json:"AddressType" check:"required,in=Internet|Intranet"`
	Allocated    string           `json:"AddressAllocatedMode" check:"in=Fixed|Dynamic"`
	IPVersion    string           `json:"AddressIpVersion" check:"in=IPv4"`
	VpcID        string           `json:"VpcId" check:"required"`
	Group        string           `json:"ResourceGroupId"`
	Protected    bool             `json:"DeletionProtectionEnabled"`
	Billing      *albBilling      `json:"LoadBalancerBillingConfig"`
	Modification *albModification `json:"ModificationProtectionConfig"`
	Zones        []albZoneParam   `json:"ZoneMappings" check:"required,2..10"`
	Tags         tags             `json:"Tag" check:"0..20"`
}

// albName is what a name must look like ("2 to 128 characters … must start with a letter").
var albName = regexp.MustCompile(`^\pL[\pL0-9._-]{1,127}$`)

func (s *Sim) albCreateBalancer(c *wire.Call, p albCreateBalancerParams) (func() any, error) {
	if p.Name != "" && !albName.MatchString(p.Name) {
		return nil, albDialect.Illegal("LoadBalancerName")
	}
	if p.Billing == nil {
		return nil, albDialect.Missing("LoadBalancerBillingConfig.PayType")
	}
	if err := s.checkZones(p.VpcID, p.Zones); err != nil {
		return nil, err
	}
	if used := len(s.alb.balancers.order); used >= s.opts.ALB.Balancers {
		return nil, albQuota("LoadBalancers", "alb_quota_loadbalancers_num", used, s.opts.ALB.Balancers)
	}
	return func() any {
		b := &albBalancer{
			ID: s.id("alb-"), Name: p.Name, Status: "Provisioning", Business: "Normal", Edition: p.Edition, AddressType: p.AddressType,
			Allocated: p.Allocated, IPVersion: "IPv4", VpcID: p.VpcID, Group: p.Group, Region: s.opts.Region, Created: s.stamp(),
			Billing: *p.Billing, Protection: albProtection{Enabled: p.Protected},
			Modification: or(p.Modification, albModification{Status: "NonProtection"}), Tags: p.Tags, address: s.address(),
		}
		def(&b.Allocated, "Dynamic")
		def(&b.Group, "rg-default")
		b.DNSName = b.ID + "." + s.opts.Region + ".alb.aliyuncs.com"
		b.mapZones(p.Zones)
		s.alb.balancers.put(b.ID, b)
		s.start(c, "loadbalancer", b.ID, func() { b.Status = "Active" }, func() { b.Status = "CreateFailed" })
		return reply{"LoadBalancerId": b.ID}
	}, nil
}

// mapZones gives it an address in each of these zones, and in no other one.
func (b *albBalancer) mapZones(zones []albZoneParam) {
	b.Zones = nil
	for _, z := range zones {
		a := albAddress{Intranet: b.address}
		if b.AddressType == "Internet" {
			a.Address = b.address
		}
		b.Zones = append(b.Zones, albZoneMapping{z.ZoneID, z.VSwitchID, []albAddress{a}})
	}
}

func (s *Sim) checkZones(vpc string, zones []albZoneParam) error {
	if _, ok := s.net.vpcs.byID[vpc]; !ok {
		return albNotFound("Vpc", vpc)
	}
	seen := map[string]bool{}
	for _, zone := range zones {
		vswitch, ok := s.net.vswitches.byID[zone.VSwitchID]
		switch {
		case !ok:
			return albNotFound("VSwitch", zone.VSwitchID)
		case vswitch.ZoneID != zone.ZoneID, vswitch.VpcID != vpc:
			return albMismatch("VSwitchId", "VSwitch %s is in zone %s of VPC %s, not in zone %s of VPC %s.",
				zone.VSwitchID, vswitch.ZoneID, vswitch.VpcID, zone.ZoneID, vpc)
		case seen[zone.ZoneID]:
			return albDuplicate("ZoneId")
		}
		seen[zone.ZoneID] = true
	}
	return nil
}

// albBalancerIn finds an instance, in one of these states if any are named.
func (s *Sim) albBalancerIn(id string, steady ...string) (*albBalancer, error) {
	b, ok := s.alb.balancers.byID[id]
	if !ok {
		return nil, albNotFound("LoadBalancer", id)
	}
	return b, albSteady("LoadBalancer", b.Status, steady...)
}

type albBalancerID struct {
	ID string `json:"LoadBalancerId" check:"required"`
}

func (s *Sim) albGetBalancer(_ *wire.Call, p albBalancerID) (any, error) {
	return s.albBalancerIn(p.ID)
}

type albListBalancersParams struct {
	tokenPage
	IDs         []string    `json:"LoadBalancerIds" check:"0..20"`
	Names       []string    `json:"LoadBalancerNames" check:"0..10"`
	VpcIDs      []string    `json:"VpcIds" check:"0..10"`
	Editions    []string    `json:"LoadBalancerEditions"`
	Status      string      `json:"LoadBalancerStatus"`
	AddressType string      `json:"AddressType"`
	DNSName     string      `json:"DNSName"`
	Group       string      `json:"ResourceGroupId"`
	Tags        []tagFilter `json:"Tag"`
}

func (s *Sim) albListBalancers(_ *wire.Call, p albListBalancersParams) (any, error) {
	found := s.alb.balancers.where(func(b *albBalancer) bool {
		return among(p.IDs, b.ID) && among(p.Names, b.Name) && among(p.VpcIDs, b.VpcID) && among(p.Editions, b.Edition) &&
			like(p.Status, b.Status) && like(p.AddressType, b.AddressType) && like(p.DNSName, b.DNSName) && like(p.Group, b.Group) &&
			b.Tags.match(p.Tags)
	})
	items, frame, err := cut(found, func(b *albBalancer) string { return b.ID }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []*albBalancer `json:"LoadBalancers"`
	}{frame, items}, err
}
