package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albUpdateServersParams struct {
	ID      string           `json:"ServerGroupId" check:"required"`
	Servers []albWeightParam `json:"Servers" check:"required,1..200"`
}

func (s *Sim) albUpdateServers(c *wire.Call, p albUpdateServersParams) (func() any, error) {
	g, err := s.albGroupIn(p.ID, "Available")
	if err != nil {
		return nil, err
	}
	keys := make([]albServerKey, len(p.Servers))
	for i, one := range p.Servers {
		keys[i] = one.albServerKey
	}
	found, err := g.find(keys)
	if err != nil {
		return nil, err
	}
	return func() any {
		for _, one := range found {
			one.Status = "Configuring"
		}
		return reply{"JobId": s.changeGroup(c, g, func() {
			for i, one := range found {
				set(&one.Weight, p.Servers[i].Weight)
				set(&one.Description, p.Servers[i].Description)
			}
			steady(found)
		}, func() { steady(found) })}
	}, nil
}

type albListServersParams struct {
	tokenPage
	GroupID string   `json:"ServerGroupId"`
	IDs     []string `json:"ServerIds" check:"0..40"`
	IP      string   `json:"ServerIp"`
}

func (s *Sim) albListServers(_ *wire.Call, p albListServersParams) (any, error) {
	var found []*albServer
	groups := s.alb.groups.all()
	if p.GroupID != "" {
		g, err := s.albGroupIn(p.GroupID)
		if err != nil {
			return nil, err
		}
		groups = []*albGroup{g}
	}
	for _, g := range groups {
		for _, one := range g.servers {
			if among(p.IDs, one.ID) && like(p.IP, one.IP) {
				found = append(found, one)
			}
		}
	}
	items, frame, err := cut(found, func(o *albServer) string { return o.GroupID + o.String() }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []*albServer `json:"Servers"`
	}{frame, items}, err
}
