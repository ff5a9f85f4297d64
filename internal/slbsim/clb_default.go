package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbRoom refuses more servers on an instance than its quota has.
func (s *Sim) clbRoom(b *clbBalancer, more int) error {
	used := len(b.servers)
	for _, g := range s.clb.groups.all() {
		if g.BalancerID == b.ID {
			used += len(g.servers)
		}
	}
	if limit := s.opts.CLB.Servers; more > 0 && used+more > limit {
		return clbQuota("backend servers of the instance", used, limit)
	}
	return nil
}

type clbDefaultParams struct {
	clbID
	Servers string `json:"BackendServers" check:"required"`
}

func (s *Sim) clbAddDefault(c *wire.Call, p clbDefaultParams) (func() any, error) {
	return s.clbChangeDefault(c, p, func(list []*clbServer) clbMerge { return clbMerge{add: list} })
}

func (s *Sim) clbSetDefault(c *wire.Call, p clbDefaultParams) (func() any, error) {
	return s.clbChangeDefault(c, p, func(list []*clbServer) clbMerge { return clbMerge{set: list} })
}

func (s *Sim) clbRemoveDefault(c *wire.Call, p clbDefaultParams) (func() any, error) {
	return s.clbChangeDefault(c, p, func(list []*clbServer) clbMerge { return clbMerge{drop: list} })
}

func (s *Sim) clbChangeDefault(c *wire.Call, p clbDefaultParams, how func([]*clbServer) clbMerge) (func() any, error) {
	b, err := s.clbIdle(p.ID)
	if err != nil {
		return nil, err
	}
	list, err := s.clbParse("BackendServers", p.Servers, false)
	if err != nil {
		return nil, err
	}
	after, err := how(list).apply(b.servers)
	if err == nil {
		err = s.clbRoom(b, len(after)-len(b.servers))
	}
	return func() any {
		b.servers = after
		s.clbJob(c, b, &b.busy, func() {})
		return reply{"LoadBalancerId": b.ID, "BackendServers": reply{"BackendServer": after}}
	}, err
}
