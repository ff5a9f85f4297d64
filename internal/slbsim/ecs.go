package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// ecsProduct is as much of ECS as finds the ENI of an address.
func (s *Sim) ecsProduct() wire.Product {
	return wire.Product{Name: "ecs", Version: "2014-05-26", Dialect: wire.Classic, Actions: []wire.Action{
		wire.Read("DescribeNetworkInterfaces", s.ecsInterfaces),
		wire.Read("DescribeRegions", s.ecsRegions),
	}}
}

type ecsInterfacesParams struct {
	numberPage
	Next      string   `json:"NextToken"`
	Max       *int     `json:"MaxResults" check:"1..500"`
	IDs       []string `json:"NetworkInterfaceId" check:"0..100"`
	IPs       []string `json:"PrivateIpAddress" check:"0..100"`
	Instance  string   `json:"InstanceId"`
	VpcID     string   `json:"VpcId"`
	VSwitchID string   `json:"VSwitchId"`
}

func (s *Sim) ecsInterfaces(_ *wire.Call, p ecsInterfacesParams) (any, error) {
	found := s.net.interfaces.where(func(n Interface) bool {
		return among(p.IDs, n.ID) && like(p.Instance, n.InstanceID) && like(p.VpcID, n.VpcID) && like(p.VSwitchID, n.VSwitchID) &&
			(len(p.IPs) == 0 || slices.ContainsFunc(n.IPs, func(ip string) bool { return slices.Contains(p.IPs, ip) }))
	})
	answer := reply{}
	if p.Max != nil || p.Next != "" { // by token; by number only where neither was sent
		items, frame, err := cut(found, func(n Interface) string { return n.ID }, tokenPage{p.Next, p.Max}, wire.Classic)
		if err != nil {
			return nil, err
		}
		found, answer["NextToken"], answer["TotalCount"] = items, frame.Next, frame.Total
	} else {
		items, frame := number(found, p.numberPage)
		found, answer["PageNumber"], answer["PageSize"], answer["TotalCount"] = items, frame.Number, frame.Size, frame.Total
	}
	sets := []reply{}
	for _, n := range found {
		sets = append(sets, n.view())
	}
	answer["NetworkInterfaceSets"] = reply{"NetworkInterfaceSet": sets}
	return answer, nil
}

func (n Interface) view() reply {
	ips := []reply{}
	for i, ip := range n.IPs {
		ips = append(ips, reply{"PrivateIpAddress": ip, "Primary": i == 0})
	}
	kind := "Secondary"
	if n.InstanceID != "" && len(n.IPs) == 1 {
		kind = "Primary"
	}
	return reply{
		"NetworkInterfaceId": n.ID, "InstanceId": n.InstanceID, "VpcId": n.VpcID, "VSwitchId": n.VSwitchID, "ZoneId": n.ZoneID,
		"PrivateIpAddress": n.IPs[0], "Status": "InUse", "Type": kind, "PrivateIpSets": reply{"PrivateIpSet": ips},
	}
}

func (s *Sim) ecsRegions(*wire.Call, nothing) (any, error) {
	return reply{"Regions": reply{"Region": []reply{{"RegionId": s.opts.Region, "LocalName": s.opts.Region, "Status": "available"}}}}, nil
}
