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
