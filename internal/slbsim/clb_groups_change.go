package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type clbServersParams struct {
	clbGroupID
	Servers string `json:"BackendServers" check:"required"`
}

func (s *Sim) clbAddServers(c *wire.Call, p clbServersParams) (func() any, error) {
	return s.clbChangeGroup(c, p.ID, nil, func([]*clbServer) (m clbMerge, err error) {
		m.add, err = s.clbParse("BackendServers", p.Servers, true)
		return m, err
	})
}

func (s *Sim) clbRemoveServers(c *wire.Call, p clbServersParams) (func() any, error) {
	return s.clbChangeGroup(c, p.ID, nil, func(there []*clbServer) (m clbMerge, err error) {
		m.drop, err = s.clbParse("BackendServers", p.Servers, true, there...)
		return m, err
	})
}

type clbReplaceParams struct {
	clbGroupID
	Old string `json:"OldBackendServers" check:"required"`
	New string `json:"NewBackendServers" check:"required"`
}

func (s *Sim) clbReplaceServers(c *wire.Call, p clbReplaceParams) (func() any, error) {
	return s.clbChangeGroup(c, p.ID, nil, func(there []*clbServer) (m clbMerge, err error) {
		if m.drop, err = s.clbParse("OldBackendServers", p.Old, true, there...); err != nil {
			return m, err
		}
		m.add, err = s.clbParse("NewBackendServers", p.New, true)
		return m, err
	})
}

type clbSetGroupParams struct {
	clbGroupID
	Name    *string `json:"VServerGroupName" check:"1..80"`
	Servers string  `json:"BackendServers"`
}

func (s *Sim) clbSetGroup(c *wire.Call, p clbSetGroupParams) (func() any, error) {
	return s.clbChangeGroup(c, p.ID, p.Name, func(there []*clbServer) (m clbMerge, err error) {
		if p.Servers != "" {
			m.set, err = s.clbParse("BackendServers", p.Servers, true, there...)
		}
		return m, err
	})
}

func (s *Sim) clbChangeGroup(c *wire.Call, id string, name *string, parse func(there []*clbServer) (clbMerge, error)) (func() any, error) {
	b, g, err := s.clbIdleGroup(id)
	if err != nil {
		return nil, err
	}
	merge, err := parse(g.servers)
	if err != nil {
		return nil, err
	}
	after, err := merge.apply(g.servers)
	if err == nil {
		err = s.clbRoom(b, len(after)-len(g.servers))
	}
	return func() any {
		set(&g.Name, name)
		g.servers = after
		s.clbJob(c, b, &g.busy, g.setPool)
		return g.view()
	}, err
}

func (s *Sim) clbDeleteGroup(_ *wire.Call, p clbGroupID) (func() any, error) {
	b, g, err := s.clbIdleGroup(p.ID)
	if err != nil {
		return nil, err
	}
	if listeners, rules := s.clbUsers(b, g); len(listeners)+len(rules) > 0 {
		return nil, wire.Refuse("RspoolVipExist", "There are vips associate with this vServer group.")
	}
	return func() any {
		g.pool.Set(plane.PoolConfig{})
		s.clb.groups.drop(g.ID)
		return reply{}
	}, nil
}
