package ingress

import (
	"cmp"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// hostState is how far a host is. It is served where all of its fields but the first are zero.
type hostState struct {
	generation int64 // of the KIngress that it is about
	// leftOut is why it is not served.
	leftOut string
	// waiting is why it is not served yet, or not as asked for.
	waiting string
	// unknown says that this is not known to be new: what was, may still be.
	unknown bool
}

// hostStates are those of all hosts of a plan, by what the load balancer was found to serve:
//
//	the plan    each rule         the cloud          the host
//	leaves out  -                 -                  is left out
//	has rules   one is left out   -                  is left out
//	has rules   all are ready     -                  is served, but waits where the plan does, or while a Pod that it needs is
//	                                                 not kept for it yet, and may go
//	has rules   one is not ready  answers            waits
//	has rules   not all known     fails              is not known
//	has rules   not all known     says it is gone    waits, and is not served
func hostStates(plan wanted.Plan, result slb.Result, failed error, kept func(types.NamespacedName) bool) map[wanted.HostOf]hostState {
	rules := make(map[string]slb.RuleState, len(result.Rules))
	for _, r := range result.Rules {
		rules[r.Rule] = r
	}
	left := make(map[string]string, len(result.LeftOut))
	for _, l := range result.LeftOut {
		left[l.Rule] = l.Reason
	}
	out := make(map[wanted.HostOf]hostState, len(plan.Hosts))
	for _, h := range plan.Hosts {
		s := hostState{generation: h.Generation, leftOut: h.LeftOut, waiting: h.Waiting}
		for _, key := range h.Rules {
			r, known := rules[key]
			switch {
			case left[key] != "":
				s.leftOut = cmp.Or(s.leftOut, left[key])
			case r.Ready:
			case failed != nil:
				s.waiting, s.unknown = failed.Error(), !cloud.IsGone(failed)
			case known:
				s.waiting = cmp.Or(s.waiting, r.Waiting, "its rule is not in force yet")
			default:
				s.waiting = cmp.Or(s.waiting, "its rule is not in force yet")
			}
		}
		for _, revision := range h.Floors {
			if s == (hostState{generation: h.Generation}) && kept != nil && !kept(revision) {
				s.waiting, s.unknown = "a Pod of "+revision.Name+" is not kept for it yet", true
			}
		}
		out[h.HostOf] = s
	}
	return out
}
