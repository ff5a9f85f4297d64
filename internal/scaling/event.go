package scaling

import (
	"fmt"
	"slices"
	"time"

	"knative.dev/serving/pkg/apis/autoscaling"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// What an event policy has where it says nothing.
const (
	DefaultMaxQueue     = 1000
	DefaultEventTimeout = 10 * time.Minute
	DefaultIdleTime     = 30 * time.Second
)

// EventSettings are those of a policy's event, with what stands for what is left out.
func EventSettings(e *v1alpha1.EventScaling) (maxQueue int, timeout, idle time.Duration) {
	maxQueue, timeout, idle = DefaultMaxQueue, DefaultEventTimeout, DefaultIdleTime
	if e.MaxQueue != nil {
		maxQueue = int(*e.MaxQueue)
	}
	if e.Timeout != nil {
		timeout = e.Timeout.Duration
	}
	if e.IdleTime != nil {
		idle = e.IdleTime.Duration
	}
	return maxQueue, timeout, idle
}

// EventRevision is a live Revision of a Service that events go to.
type EventRevision struct {
	Name string
	// ContainerConcurrency is its containerConcurrency; 0 is no limit, as it is where nothing is set.
	ContainerConcurrency int64
}

// Reasons for which no event can go to a policy's target.
const (
	ReasonSuspended   = "Suspended"
	ReasonNoTarget    = "TargetNotFound"
	ReasonConcurrency = "ConcurrencyNotOne"
)

// EventProblem says why events cannot go to the target of a policy; an empty reason is no problem. found says that the Service is
// there, live are its Revisions with traffic.
//
//	the policy is   the Service is   a live Revision's containerConcurrency is   problem
//	suspended       any              any                                         Suspended: it has let go of its target
//	not             not there        any                                         TargetNotFound
//	not             there            not 1                                       ConcurrencyNotOne: two events could share a Pod
//	not             there            1, or there is none yet                     none
func EventProblem(p *v1alpha1.ScalingPolicy, found bool, live []EventRevision) (reason, message string) {
	if p.Spec.Suspend {
		return ReasonSuspended, fmt.Sprintf("ScalingPolicy %s/%s is suspended (spec.suspend): no event is taken until it is false", p.Namespace, p.Name)
	}
	if !found {
		return ReasonNoTarget, fmt.Sprintf("spec.target: there is no Knative Service %s in namespace %s to give events to: make it, or name another in a new policy", p.Spec.Target.Name, p.Namespace)
	}
	for _, r := range live {
		if r.ContainerConcurrency != 1 {
			return ReasonConcurrency, fmt.Sprintf("Revision %s of Service %s/%s has traffic and containerConcurrency %d (0 is no limit). spec.event gives each event a Pod of its own, "+
				"which only 1 promises: set containerConcurrency to 1 in the Service's template, and move the traffic to the new Revision", r.Name, p.Namespace, p.Spec.Target.Name, r.ContainerConcurrency)
		}
	}
	return "", ""
}

// ShareOfEvents makes of the events' floor, which is that of the whole target, the one of a single Revision: without the events that
// are other Revisions'. What a replica of the gateway has not dealt out yet counts for each.
func ShareOfEvents(floors []Floor, gateways []v1alpha1.GatewayStatus, revision string, now time.Time) []Floor {
	var others int64
	for _, g := range gateways {
		if !now.Before(g.Renewed.Add(GatewayFresh)) {
			continue
		}
		for _, r := range g.Revisions {
			if r.Name != revision {
				others += int64(r.InFlight)
			}
		}
	}
	out := slices.Clone(floors)
	for i := range out {
		if out[i].Source == FromEvent {
			out[i].Replicas = int32(max(0, int64(out[i].Replicas)-others)) //nolint:gosec // not above what it was
		}
	}
	return out
}

// WithEvents adds to what is wanted on a Revision what the events' floor needs: that Knative's autoscaler aims at one request a Pod, as
// the floor does, and not at 0.7, which is where it aims if nobody says otherwise. Else 10 events would get 15 Pods.
//
// Source: knative.dev/serving v0.50.0, pkg/autoscaler/config/config.go, TargetUtilization.
func WithEvents(wanted map[string]*string, class string) {
	if class == autoscaling.KPA {
		wanted[autoscaling.TargetUtilizationPercentageKey] = text(100)
	}
}
