package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albUpdateGroupParams struct {
	albGroupParams
	ID string `json:"ServerGroupId" check:"required"`
}

func (s *Sim) albUpdateGroup(c *wire.Call, p albUpdateGroupParams) (func() any, error) {
	g, err := s.albGroupIn(p.ID, "Available")
	if err == nil {
		err = g.verify(p.albGroupParams)
	}
	if err != nil {
		return nil, err
	}
	return func() any {
		return reply{"JobId": s.changeGroup(c, g, func() { g.apply(p.albGroupParams) }, func() {})}
	}, nil
}

// changeGroup changes a group or its servers by a job.
func (s *Sim) changeGroup(c *wire.Call, g *albGroup, change, undo func()) string {
	g.Status = "Configuring"
	over := func(then func()) func() {
		return func() {
			g.Status = "Available"
			then()
			s.albSetPool(g)
		}
	}
	return s.start(c, "servergroup", g.ID, over(change), over(undo))
}

type albGroupID struct {
	ID string `json:"ServerGroupId" check:"required"`
}

func (s *Sim) albDeleteGroup(c *wire.Call, p albGroupID) (func() any, error) {
	g, err := s.albGroupIn(p.ID, "Available")
	if err != nil {
		return nil, err
	}
	if balancers, _, _ := s.albRelations(g); len(balancers) > 0 {
		return nil, albInUse("ServerGroup", g.ID)
	}
	return func() any {
		g.Status = "Deleting"
		return reply{"JobId": s.start(c, "servergroup", g.ID, func() {
			g.check.Close()
			g.pool.Set(plane.PoolConfig{})
			s.alb.groups.drop(g.ID)
		}, func() { g.Status = "Available" })}
	}, nil
}
