package slbsim

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbServer is a server of a group or of an instance, in the API's words.
type clbServer struct {
	ID          string `json:"ServerId"`
	IP          string `json:"ServerIp"`
	Port        int    `json:"Port,omitempty"`
	Weight      int    `json:"Weight"`
	Type        string `json:"Type"`
	Description string `json:"Description"`
	VpcID       string `json:"VpcId"`
}

// clbServerParam is a server as it is sent, in JSON. Numbers may be in quotes.
type clbServerParam struct {
	ID          string       `json:"ServerId"`
	IP          string       `json:"ServerIp"`
	Port        *json.Number `json:"Port"`
	Weight      *json.Number `json:"Weight"`
	Type        string       `json:"Type"`
	Description string       `json:"Description"`
}

// clbMost is how many servers one call may have.
const clbMost = 20

// clbParse reads a list of servers, and finds out where they are. A group's servers have ports; an instance's do not.
//
//	server                            answer
//	neither ecs, eni nor eci          InvalidParameter
//	no ENI of its ID has the address  ObtainIpFail, unless it is among those that are there: its ENI may be gone before it
//	weight not 0–100, port not a port InvalidParameter
func (s *Sim) clbParse(name, text string, ports bool, there ...*clbServer) ([]*clbServer, error) {
	var params []clbServerParam
	if err := json.Unmarshal([]byte(text), &params); err != nil {
		return nil, wire.Refuse("InvalidParameter", "The specified parameter %s is not valid: %v.", name, err)
	}
	if len(params) == 0 || len(params) > clbMost {
		return nil, wire.Refuse("InvalidParameter", "The specified parameter %s is not valid: it has %d servers, and may have 1 to %d.", name, len(params), clbMost)
	}
	servers := make([]*clbServer, len(params))
	for i, p := range params {
		one, err := s.clbServerOf(p, ports, there)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(servers[:i], func(o *clbServer) bool { return o.key() == one.key() }) {
			return nil, wire.Refuse("InvalidParameter", "The specified parameter %s is not valid: the server %s is there twice.", name, one.key())
		}
		servers[i] = one
	}
	return servers, nil
}

func (s *Sim) clbServerOf(p clbServerParam, ports bool, there []*clbServer) (*clbServer, error) {
	one := &clbServer{ID: p.ID, IP: p.IP, Type: p.Type, Description: p.Description, Weight: 100}
	def(&one.Type, "ecs")
	if !slices.Contains([]string{"ecs", "eni", "eci"}, one.Type) {
		return nil, wire.Refuse("InvalidParameter", "The specified parameter Type is not valid: %q is none of ecs, eni, eci.", p.Type)
	}
	var err error
	if ports {
		if p.Port == nil {
			return nil, wire.Classic.Missing("Port")
		}
		if one.Port, err = within("Port", *p.Port, 1, 65535); err != nil {
			return nil, err
		}
	}
	if p.Weight != nil {
		if one.Weight, err = within("Weight", *p.Weight, 0, 100); err != nil {
			return nil, err
		}
	}
	same := func(o *clbServer) bool {
		return o.ID == one.ID && o.Port == one.Port && (one.IP == "" || o.IP == one.IP)
	}
	if i := slices.IndexFunc(there, same); i >= 0 {
		one.VpcID, one.IP = there[i].VpcID, there[i].IP
		return one, nil
	}
	eni, ok := s.net.interfaceOf(p.ID, p.IP)
	if !ok {
		return nil, wire.Refuse("ObtainIpFail", "The IP address of the backend server %s (%s) cannot be obtained.", p.ID, p.IP)
	}
	one.VpcID = eni.VpcID
	def(&one.IP, eni.IPs[0])
	return one, nil
}

func within(name string, n json.Number, from, to int) (int, error) {
	value, err := strconv.Atoi(n.String())
	if err != nil || value < from || value > to {
		return 0, wire.Refuse("InvalidParameter", "The specified parameter %s is not valid: %s is not from %d to %d.", name, n, from, to)
	}
	return value, nil
}

// key is what tells a server from the others of its group.
func (o *clbServer) key() string { return fmt.Sprintf("%s/%s:%d", o.ID, o.IP, o.Port) }

func (o *clbServer) backend() plane.Backend {
	return plane.Backend{ID: o.key(), Address: net.JoinHostPort(o.IP, strconv.Itoa(o.Port)), Weight: o.Weight}
}

// clbMerge adds, changes or takes away servers of a list.
type clbMerge struct{ add, set, drop []*clbServer }

// apply gives the list after a merge. What is to be added must not be there; what is to be changed or dropped must be [U].
func (m clbMerge) apply(list []*clbServer) ([]*clbServer, error) {
	list = slices.Clone(list)
	at := func(one *clbServer) int {
		return slices.IndexFunc(list, func(o *clbServer) bool { return o.key() == one.key() })
	}
	for _, one := range m.drop {
		i := at(one)
		if i < 0 {
			return nil, clbNoServer(one)
		}
		list = slices.Delete(list, i, i+1)
	}
	for _, one := range m.set {
		i := at(one)
		if i < 0 {
			return nil, clbNoServer(one)
		}
		list[i] = one
	}
	for _, one := range m.add {
		if at(one) >= 0 {
			return nil, wire.Refuse("InvalidParameter", "The backend server %s is there already.", one.key())
		}
		list = append(list, one)
	}
	return list, nil
}

func clbNoServer(one *clbServer) *wire.Error {
	return wire.Refuse("InvalidParameter", "The backend server %s is not there.", one.key())
}
