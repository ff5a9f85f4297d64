package main

import (
	"flag"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/webhook/ingress"
)

// balancers is how SLBIngresses are carried out. Credentials, the region and endpoints are those of the environment, by the names of
// Alibaba Cloud's own tools and of the alicloud provider.
type balancers struct {
	enabled    bool
	secrets    bool
	probeRules bool
	drift      time.Duration
}

func (b *balancers) flags() {
	flag.BoolVar(&b.enabled, "slb", true, "carry out SLBIngresses; without it they are left to another guard")
	flag.BoolVar(&b.secrets, "slb-secrets", false, "read Secrets of the type kubernetes.io/tls, and put the certificates that Knative's ingresses name on HTTPS listeners")
	flag.BoolVar(&b.probeRules, "slb-probe-rules", false, "answer Knative's probes (K-Network-Hash) at load balancers, for a rule more for each path")
	flag.DurationVar(&b.drift, "slb-drift", 5*time.Minute, "how often load balancers are looked at for changes that others made by hand, which cannot be watched")
}

// register adds the controller of SLBIngresses to the manager, where it is wanted.
func (b *balancers) register(s settings, reservations *scaling.Reservations, namespaces labels.Selector) func(ctrl.Manager) error {
	return func(m ctrl.Manager) error {
		if !b.enabled {
			return nil
		}
		return b.keeper(m, s, reservations, namespaces).Register(m)
	}
}

// keeper makes the controller of SLBIngresses, for KIngresses of the namespaces that are looked after.
func (b *balancers) keeper(m ctrl.Manager, s settings, reservations *scaling.Reservations, namespaces labels.Selector) *ingress.Keeper {
	return &ingress.Keeper{
		Client: m.GetClient(), Cache: m.GetCache(), Live: m.GetAPIReader(), Reservations: reservations,
		Deployers:  ingress.NewDeployers(os.Getenv, b.drift).For,
		Namespaces: namespaces, Namespace: s.namespace, Only: s.only, Secrets: b.secrets, ProbeRules: b.probeRules, Drift: b.drift,
	}
}
