package slbsim

import (
	"slices"
)

// network is what there is of VPC and ECS: not made by API calls, but by whoever sets the emulator up.
type network struct {
	vpcs       store[VPC]
	vswitches  store[VSwitch]
	interfaces store[Interface]
}

// VPC is a virtual private cloud.
type VPC struct {
	ID   string `json:"VpcId"`
	Name string `json:"VpcName"`
	CIDR string `json:"CidrBlock"`
}

// VSwitch is a subnet of a VPC in a zone.
type VSwitch struct {
	ID     string `json:"VSwitchId"`
	Name   string `json:"VSwitchName"`
	VpcID  string `json:"VpcId"`
	ZoneID string `json:"ZoneId"`
	CIDR   string `json:"CidrBlock"`
}

// Interface is an elastic network interface (ENI), through which Pods and nodes have their addresses.
type Interface struct {
	ID         string
	InstanceID string // of the node that it is attached to
	VpcID      string
	VSwitchID  string
	ZoneID     string
	IPs        []string // the first is the primary one
}

// The network that every emulator begins with.
const (
	FirstVPC  = "vpc-sim"
	VSwitchA  = "vsw-sim-a" // in zone <region>-a
	VSwitchB  = "vsw-sim-b" // in zone <region>-b
	firstCIDR = "10.0.0.0/8"
)

func firstNetwork(region string) network {
	var n network
	n.vpcs.put(FirstVPC, VPC{FirstVPC, "sim", firstCIDR})
	n.vswitches.put(VSwitchA, VSwitch{VSwitchA, "sim-a", FirstVPC, region + "-a", "10.1.0.0/16"})
	n.vswitches.put(VSwitchB, VSwitch{VSwitchB, "sim-b", FirstVPC, region + "-b", "10.2.0.0/16"})
	return n
}

func (n *network) zones() []string {
	var zones []string
	for _, v := range n.vswitches.all() {
		zones = append(zones, v.ZoneID)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// interfaceOf finds the interface that a server means by its ID: an ENI's own, or that of the instance it is attached to. An
// address, if there is one, must be among the interface's.
func (n *network) interfaceOf(id, ip string) (Interface, bool) {
	for _, eni := range n.interfaces.all() {
		if (eni.ID == id || eni.InstanceID == id) && (ip == "" || slices.Contains(eni.IPs, ip)) {
			return eni, true
		}
	}
	return Interface{}, false
}

// PutInterface adds or changes an ENI. Empty VPC, VSwitch and zone are those that every emulator begins with.
func (s *Sim) PutInterface(eni Interface) {
	s.mu.Lock()
	defer s.mu.Unlock()
	def(&eni.VpcID, FirstVPC)
	def(&eni.VSwitchID, VSwitchA)
	def(&eni.ZoneID, s.opts.Region+"-a")
	if _, ok := s.net.interfaces.byID[eni.ID]; ok {
		s.net.interfaces.byID[eni.ID] = eni
		return
	}
	s.net.interfaces.put(eni.ID, eni)
}

// DropInterface takes an ENI away.
func (s *Sim) DropInterface(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.net.interfaces.drop(id)
}

// PutVSwitch adds a subnet, and its VPC if it is a new one.
func (s *Sim) PutVSwitch(v VSwitch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.net.vpcs.byID[v.VpcID]; !ok {
		s.net.vpcs.put(v.VpcID, VPC{v.VpcID, v.VpcID, firstCIDR})
	}
	s.net.vswitches.put(v.ID, v)
}
