package provider

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// The field managers of this provider: one a resource type, so that each lets go only of what it held.
const (
	serviceManager = "terraform-knative-service"
	splitManager   = "terraform-knative-traffic-split"
	policyManager  = "terraform-knative-rollout-policy"
	scalingManager = "terraform-knative-scaling-policy"
	slbManager     = "terraform-knative-slb-ingress"
	// releasedManager holds the traffic that a destroyed split left in place. It defends nothing: whoever of ours comes next
	// takes it over.
	releasedManager = "terraform-knative-released"
)

// run is what the resources of one run of the provider share.
type run struct {
	// client is nil while the cluster is not known, and where none is configured.
	client *kube.Client
	// missing says why there is no client, where that is an error and not a plan ahead of its cluster.
	missing   string
	namespace types.String

	// cloud is nil while the settings of Alibaba Cloud are not known, and where there are none that can be used; cloudMissing says why.
	cloud        *cloud.Client
	cloudMissing string

	// acting: something of this run was changed. Terraform plans each resource once more right before it applies it, in a run of
	// its own; what the cluster would say is then about to be heard.
	acting atomic.Bool

	mu       sync.Mutex
	services map[string]plannedService
	inState  map[string]bool
	warned   map[string]bool
	uid      string // of the cluster, once somebody asked
}

// plannedService is what this run's plan says of a Service, for the resources that are planned after it.
type plannedService struct {
	// revision is the name of the Revision that the plan will make, or empty where Knative names it.
	revision string
	// ownsTraffic: the Service's own configuration sets its traffic.
	ownsTraffic bool
}

func newRun(namespace types.String) *run {
	return &run{namespace: namespace, services: map[string]plannedService{}, inState: map[string]bool{}, warned: map[string]bool{}}
}

// offline says whether the plan has to do without a cluster.
func (r *run) offline() bool { return r == nil || r.client == nil }

// acts is connected, for whoever is about to change something: from now on this is the apply, and no plan.
func (r *run) acts(diags *diag.Diagnostics) bool {
	ok := r.connected(diags)
	if ok {
		r.acting.Store(true)
	}
	return ok
}

// connected reports an error where there is no client to act with.
func (r *run) connected(diags *diag.Diagnostics) bool {
	if !r.offline() {
		return true
	}
	detail := "The provider's connection settings are not known yet."
	if r != nil && r.missing != "" {
		detail = r.missing
	}
	diags.AddError("No cluster to talk to", detail)
	return false
}

func (r *run) planService(namespace, name string, p plannedService) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.services[namespace+"/"+name] = p
}

func (r *run) plannedService(namespace, name string) (plannedService, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.services[namespace+"/"+name]
	return p, ok
}

// remember notes that an object is in this run's state: whoever plans or makes one of that name means the same one.
func (r *run) remember(ref kube.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inState[ref.String()] = true
}

func (r *run) remembers(ref kube.Ref) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inState[ref.String()]
}

// warnOnce adds a warning the first time in a run: what holds for 500 resources is said once.
func (r *run) warnOnce(diags *diag.Diagnostics, summary, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.warned[summary] {
		return
	}
	r.warned[summary] = true
	diags.AddWarning(summary, detail)
}

// runOf is the run that the provider handed to a resource's or data source's Configure; nil before it did.
func runOf(data any, diags *diag.Diagnostics) *run {
	if data == nil {
		return nil
	}
	r, ok := data.(*run)
	if !ok {
		diags.AddError("Provider bug", fmt.Sprintf("configured with %T; please report it", data))
	}
	return r
}
