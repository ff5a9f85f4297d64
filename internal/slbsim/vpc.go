package slbsim

import (
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// vpcProduct is as much of VPC as finds the networks that load balancers go in.
func (s *Sim) vpcProduct() wire.Product {
	return wire.Product{Name: "vpc", Version: "2016-04-28", Dialect: wire.Classic, Actions: []wire.Action{
		wire.Read("DescribeVpcs", s.vpcList),
		wire.Read("DescribeVSwitches", s.vpcVSwitches),
	}}
}

type vpcListParams struct {
	numberPage
	ID   string `json:"VpcId"`
	Name string `json:"VpcName"`
}

func (s *Sim) vpcList(_ *wire.Call, p vpcListParams) (any, error) {
	found := s.net.vpcs.where(func(v VPC) bool {
		return (p.ID == "" || among(strings.Split(p.ID, ","), v.ID)) && like(p.Name, v.Name)
	})
	items, frame := number(found, p.numberPage)
	type view struct {
		VPC
		Status string `json:"Status"`
		Region string `json:"RegionId"`
	}
	views := []view{}
	for _, v := range items {
		views = append(views, view{v, "Available", s.opts.Region})
	}
	return struct {
		numberReply
		Items any `json:"Vpcs"`
	}{frame, reply{"Vpc": views}}, nil
}

type vpcVSwitchesParams struct {
	numberPage
	ID     string `json:"VSwitchId"`
	Name   string `json:"VSwitchName"`
	VpcID  string `json:"VpcId"`
	ZoneID string `json:"ZoneId"`
}

func (s *Sim) vpcVSwitches(_ *wire.Call, p vpcVSwitchesParams) (any, error) {
	found := s.net.vswitches.where(func(v VSwitch) bool {
		return (p.ID == "" || among(strings.Split(p.ID, ","), v.ID)) && like(p.Name, v.Name) && like(p.VpcID, v.VpcID) && like(p.ZoneID, v.ZoneID)
	})
	items, frame := number(found, p.numberPage)
	type view struct {
		VSwitch
		Status string `json:"Status"`
	}
	views := []view{}
	for _, v := range items {
		views = append(views, view{v, "Available"})
	}
	return struct {
		numberReply
		Items any `json:"VSwitches"`
	}{frame, reply{"VSwitch": views}}, nil
}
