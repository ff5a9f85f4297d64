package ingress

import (
	"fmt"
	"sync"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/alb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/clb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// Deployers are made when they are first asked for: one of each type a region, for they share the credentials and the rate of calls.
type Deployers struct {
	getenv func(string) string
	trust  time.Duration

	mu   sync.Mutex
	made map[string]slb.Deployer
}

// NewDeployers takes credentials, the guard's own region and endpoints from the environment. What was read of a load balancer counts
// for some time, and is then read anew.
func NewDeployers(getenv func(string) string, trust time.Duration) *Deployers {
	return &Deployers{getenv: getenv, trust: trust, made: map[string]slb.Deployer{}}
}

// For gives the deployer of an SLBIngress.
func (d *Deployers) For(b *v1alpha1.SLBIngress) (slb.Deployer, error) {
	settings := cloud.Settings{Region: b.Spec.Region}.WithEnvironment(d.getenv)
	if settings.Region == "" {
		return nil, fmt.Errorf("the region of load balancer %s is not known: set spec.region, or the guard's own (slb.region in its chart)", b.Spec.LoadBalancerID)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := string(b.Spec.LoadBalancerType) + " " + settings.Region
	if made := d.made[key]; made != nil {
		return made, nil
	}
	client, err := cloud.New(settings)
	if err != nil {
		return nil, fmt.Errorf("the guard's settings for Alibaba Cloud (slb in its chart): %w", err)
	}
	var deployer slb.Deployer = alb.New(client, alb.Options{Trust: d.trust, Retry: min(d.trust, time.Minute)})
	if b.Spec.LoadBalancerType == v1alpha1.CLB {
		deployer = clb.New(client, clb.Options{Trust: d.trust, Retry: min(d.trust, time.Minute)})
	}
	d.made[key] = deployer
	return deployer, nil
}
