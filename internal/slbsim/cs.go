package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// cluster is a Kubernetes cluster of ACK.
type cluster struct{ ID, Name, Kubeconfig string }

// PutCluster makes a cluster known to CS, with the kubeconfig that it hands out.
func (s *Sim) PutCluster(id, name, kubeconfig string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ack[id] = cluster{id, name, kubeconfig}
}

// DropCluster takes a cluster away.
func (s *Sim) DropCluster(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ack, id)
}

// csProduct is as much of Container Service, a ROA product, as leads to a cluster.
func (s *Sim) csProduct() wire.Product {
	return wire.Product{Name: "cs", Version: "2015-12-15", Dialect: wire.Classic, Actions: []wire.Action{
		wire.Read("DescribeClusterDetail", s.csGet).ROA("GET /clusters/{ClusterId}"),
		wire.Read("DescribeClusterUserKubeconfig", s.csKubeconfig).ROA("GET /k8s/{ClusterId}/user_config"),
	}}
}

type csParams struct {
	ID      string `json:"ClusterId" check:"required"`
	Private bool   `json:"PrivateIpAddress"`
}

func (s *Sim) csFind(id string) (cluster, error) {
	c, ok := s.ack[id]
	if !ok {
		return c, wire.NotFound("ErrorClusterNotFound", "The cluster %s is not found.", id)
	}
	return c, nil
}

func (s *Sim) csGet(_ *wire.Call, p csParams) (any, error) {
	c, err := s.csFind(p.ID)
	return reply{
		"cluster_id": c.ID, "name": c.Name, "region_id": s.opts.Region, "state": "running", "cluster_type": "ManagedKubernetes",
		"vpc_id": FirstVPC, "vswitch_id": VSwitchA,
	}, err
}

func (s *Sim) csKubeconfig(_ *wire.Call, p csParams) (any, error) {
	c, err := s.csFind(p.ID)
	return reply{"config": c.Kubeconfig}, err
}
