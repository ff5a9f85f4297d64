package slbsim

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albServer is a server of a group, in the API's words.
type albServer struct {
	albServerKey
	Description string `json:"Description"`
	Weight      int    `json:"Weight"`
	Status      string `json:"Status"` // Adding, Available, Configuring, Removing
	GroupID     string `json:"ServerGroupId"`

	address string
}

// albServerKey is what tells a server of a group from the others.
type albServerKey struct {
	Type string `json:"ServerType" check:"required,in=Ecs|Eni|Eci|Ip"`
	ID   string `json:"ServerId" check:"required"`
	IP   string `json:"ServerIp"`
	Port *int   `json:"Port" check:"required,1..65535"`
}

// String names a server within its group.
func (k albServerKey) String() string { return fmt.Sprintf("%s/%s:%d", k.Type, k.ID, *k.Port) }

type albServerParam struct {
	albServerKey
	Weight      int    `json:"Weight" check:"0..100"` // 0 when it is not sent: no requests
	Description string `json:"Description" check:"2..256"`
}

type albWeightParam struct {
	albServerKey
	Weight      *int    `json:"Weight" check:"0..100"`
	Description *string `json:"Description" check:"2..256"`
}

type albAddServersParams struct {
	ID      string           `json:"ServerGroupId" check:"required"`
	Servers []albServerParam `json:"Servers" check:"required,1..200"`
}

func (s *Sim) albAddServers(c *wire.Call, p albAddServersParams) (func() any, error) {
	return s.albReplaceServers(c, albReplaceServersParams{p.ID, p.Servers, nil})
}

type albRemoveServersParams struct {
	ID      string         `json:"ServerGroupId" check:"required"`
	Servers []albServerKey `json:"Servers" check:"required,1..200"`
}

func (s *Sim) albRemoveServers(c *wire.Call, p albRemoveServersParams) (func() any, error) {
	return s.albReplaceServers(c, albReplaceServersParams{p.ID, nil, p.Servers})
}

type albReplaceServersParams struct {
	ID      string           `json:"ServerGroupId" check:"required"`
	Added   []albServerParam `json:"AddedServers" check:"0..200"`
	Removed []albServerKey   `json:"RemovedServers" check:"0..200"`
}

func (s *Sim) albReplaceServers(c *wire.Call, p albReplaceServersParams) (func() any, error) {
	g, err := s.albGroupIn(p.ID, "Available")
	if err != nil {
		return nil, err
	}
	if len(p.Added)+len(p.Removed) == 0 {
		return nil, albDialect.Missing("AddedServers")
	}
	gone, err := g.find(p.Removed)
	if err != nil {
		return nil, err
	}
	fresh, err := s.albNewServers(g, p.Added)
	if err != nil {
		return nil, err
	}
	if err := s.albGroupRoom(g, len(fresh), len(gone)); err != nil {
		return nil, err
	}
	return func() any {
		g.servers = append(g.servers, fresh...)
		for _, one := range gone {
			one.Status = "Removing"
		}
		s.albSetPool(g) // what is leaving gets no more requests
		drop := func(list []*albServer) {
			g.servers = slices.DeleteFunc(g.servers, func(o *albServer) bool { return slices.Contains(list, o) })
		}
		return reply{"JobId": s.changeGroup(c, g, func() {
			drop(gone)
			steady(fresh)
		}, func() {
			drop(fresh)
			steady(gone)
		})}
	}, nil
}

func steady(servers []*albServer) {
	for _, one := range servers {
		one.Status = "Available"
	}
}

// albGroupRoom holds a change of servers against the group's quota, and the quota of each instance that uses the group.
func (s *Sim) albGroupRoom(g *albGroup, more, less int) error {
	used := len(g.servers)
	if used+more-less > s.opts.ALB.GroupServers {
		return albQuota("ServerGroupServers", "alb_quota_servergroup_servers_num", used, s.opts.ALB.GroupServers)
	}
	balancers, listeners, rules := s.albRelations(g)
	for _, id := range balancers {
		times := 0
		for _, l := range listeners {
			if s.alb.listeners.byID[l].BalancerID == id {
				times++
			}
		}
		for _, r := range rules {
			if s.alb.rules.byID[r].BalancerID == id {
				times++
			}
		}
		if err := s.albRoom(s.alb.balancers.byID[id], (more-less)*times); err != nil {
			return err
		}
	}
	return nil
}

// find gives the servers of the group with these keys.
func (g *albGroup) find(keys []albServerKey) ([]*albServer, error) {
	var found []*albServer
	for _, key := range keys {
		i := slices.IndexFunc(g.servers, func(o *albServer) bool { return o.String() == key.String() })
		switch {
		case i < 0:
			return nil, albNotFound("BackendServer", key.String())
		case slices.Contains(found, g.servers[i]):
			return nil, albDuplicate("BackendServer")
		}
		found = append(found, g.servers[i])
	}
	return found, nil
}

// albNewServers makes servers of what was sent, and finds out where they are.
func (s *Sim) albNewServers(g *albGroup, params []albServerParam) ([]*albServer, error) {
	var fresh []*albServer
	for _, p := range params {
		if (p.Type == "Ip") != (g.Type == "Ip") {
			return nil, albMismatch("ServerType", "A server group of type %s takes no server of type %s.", g.Type, p.Type)
		}
		same := func(o *albServer) bool { return o.String() == p.String() }
		if slices.ContainsFunc(fresh, same) {
			return nil, albDuplicate("BackendServer")
		}
		if slices.ContainsFunc(g.servers, same) {
			return nil, wire.Refuse("Conflict.BackendServer", "There is already BackendServer having the same configuration with %s.", p)
		}
		ip, err := s.albServerIP(p.albServerKey)
		if err != nil {
			return nil, err
		}
		one := &albServer{albServerKey: p.albServerKey, Description: p.Description, Weight: p.Weight, Status: "Adding", GroupID: g.ID}
		one.IP, one.address = ip, net.JoinHostPort(ip, strconv.Itoa(*p.Port))
		fresh = append(fresh, one)
	}
	return fresh, nil
}

// albServerIP is where a server is: an Ip server's ID is its address, the others are looked up by ID.
func (s *Sim) albServerIP(k albServerKey) (string, error) {
	if k.Type == "Ip" {
		if _, err := netip.ParseAddr(k.ID); err != nil || k.IP != "" && k.IP != k.ID {
			return "", albIllegal("ServerId", "The ServerId of an Ip server is its address.")
		}
		return k.ID, nil
	}
	eni, ok := s.net.interfaceOf(k.ID, k.IP)
	if !ok {
		return "", albNotFound("BackendServer", k.ID)
	}
	if k.IP != "" {
		return k.IP, nil
	}
	return eni.IPs[0], nil
}
