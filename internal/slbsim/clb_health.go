package slbsim

import (
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type clbHealthParams struct {
	clbID
	Port     *int   `json:"ListenerPort" check:"1..65535"`
	Protocol string `json:"ListenerProtocol" check:"in=http|https|tcp"`
}

// clbWords are CLB's words for a server's health.
var clbWords = map[string]string{
	string(plane.Healthy): "normal", string(plane.Unhealthy): "abnormal", string(plane.Initial): "abnormal", string(plane.Unavailable): "unavailable",
}

// clbHealth gives the health of the servers behind the listeners that run, of their rules' groups too.
func (s *Sim) clbHealth(_ *wire.Call, p clbHealthParams) (any, error) {
	b, err := s.clbFind(p.ID)
	if err != nil {
		return nil, err
	}
	views := []reply{}
	for _, port := range slices.Sorted(maps.Keys(b.listeners)) {
		l := b.listeners[port]
		if or(p.Port, port) != port || !like(p.Protocol, l.protocolName()) || l.Status != "running" || l.check == nil {
			continue
		}
		servers := b.servers
		if g := s.clb.groups.byID[l.GroupID]; g != nil {
			servers = g.servers
		}
		views = append(views, l.healthOf(servers, l.check)...)
		for _, r := range s.clbRulesOf(l) {
			if r.check != nil {
				views = append(views, l.healthOf(s.clb.groups.byID[r.GroupID].servers, r.check)...)
			}
		}
	}
	return reply{"BackendServers": reply{"BackendServer": views}}, nil
}

func (l *clbListener) healthOf(servers []*clbServer, check *plane.Check) []reply {
	health := check.Health()
	var views []reply
	for _, one := range servers {
		at := *one
		if at.Port == 0 {
			at.Port = l.BackendPort
		}
		word := clbWords[health[at.key()].Health]
		def(&word, "abnormal") // it is not there yet
		views = append(views, reply{
			"ListenerPort": l.Port, "Protocol": l.protocolName(), "ServerId": one.ID, "ServerIp": one.IP, "Port": at.Port,
			"ServerHealthStatus": word, "Type": one.Type,
		})
	}
	return views
}
