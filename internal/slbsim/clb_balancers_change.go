package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type clbRenameParams struct {
	clbID
	Name string `json:"LoadBalancerName" check:"required,1..80"`
}

func (s *Sim) clbRename(_ *wire.Call, p clbRenameParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	return func() any {
		b.Name = p.Name
		return reply{}
	}, err
}

type clbProtectParams struct {
	clbID
	Protection string `json:"DeleteProtection" check:"required,in=on|off"`
}

func (s *Sim) clbProtect(_ *wire.Call, p clbProtectParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	return func() any {
		b.Protection = p.Protection
		return reply{}
	}, err
}

type clbProtectChangesParams struct {
	clbID
	Status string `json:"ModificationProtectionStatus" check:"required,in=NonProtection|ConsoleProtection"`
	Reason string `json:"ModificationProtectionReason" check:"0..80"`
}

func (s *Sim) clbProtectChanges(_ *wire.Call, p clbProtectChangesParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	return func() any {
		b.Modification, b.Reason = p.Status, p.Reason
		return reply{}
	}, err
}

type clbInternetParams struct {
	clbID
	Charge    string `json:"InternetChargeType" check:"in=paybytraffic|paybybandwidth"`
	Bandwidth *int   `json:"Bandwidth" check:"1..5120"`
}

// clbChangeInternet is for instances on the internet only; the code for others is [U].
func (s *Sim) clbChangeInternet(_ *wire.Call, p clbInternetParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	if err == nil && b.AddressType != "internet" {
		err = wire.Refuse("OperationUnsupported.ModifyLoadBalancerInternetSpec", "%s is not on the internet.", b.ID)
	}
	return func() any {
		if p.Charge != "" {
			b.InternetChargeType = p.Charge
		}
		if p.Charge == "paybytraffic" {
			b.Bandwidth = 5120 // the most that there is, unless told otherwise [U]
		}
		set(&b.Bandwidth, p.Bandwidth)
		return reply{}
	}, err
}

type clbSpecParams struct {
	clbID
	Spec string `json:"LoadBalancerSpec" check:"required"`
}

// clbChangeSpec is for instances that are paid for by specification; the code for others is [U].
func (s *Sim) clbChangeSpec(_ *wire.Call, p clbSpecParams) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	if err == nil && b.ChargeType != "PayBySpec" {
		err = wire.Refuse("OperationUnsupported.ModifyLoadBalancerInstanceSpec", "%s is not paid for by specification.", b.ID)
	}
	return func() any {
		b.Spec = p.Spec
		return reply{}
	}, err
}

// clbDeleteBalancer takes the instance away with its listeners, rules and groups ("listeners and tags … are deleted").
func (s *Sim) clbDeleteBalancer(_ *wire.Call, p clbID) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	if err != nil {
		return nil, err
	}
	if b.Protection == "on" {
		return nil, wire.Refuse("OperationDenied.DeleteProtectionIsOn", "The deletion protection of %s is on.", b.ID) // the code is [U]
	}
	return func() any {
		for _, l := range b.listeners {
			s.clbDropListener(l)
		}
		for _, g := range s.clb.groups.where(func(g *clbGroup) bool { return g.BalancerID == b.ID }) {
			g.pool.Set(plane.PoolConfig{})
			s.clb.groups.drop(g.ID)
		}
		s.clb.balancers.drop(b.ID)
		return reply{}
	}, nil
}
