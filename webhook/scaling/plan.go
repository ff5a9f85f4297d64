package scaling

import (
	"cmp"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// transitionsShown is how many changes of the schedules' floor a status has.
const transitionsShown = 5

// plan is what a policy asks for at a moment, before its target is looked at.
type plan struct {
	policy *v1alpha1.ScalingPolicy // nil where the target has none
	// carries says that it is to be written, and not only shown.
	carries     bool
	floors      []scaling.Floor
	again       time.Time
	transitions []schedule.Transition
	invalid     error
}

// plan is that of the eldest policy.
func (k *Keeper) plan(policies []*v1alpha1.ScalingPolicy, now time.Time) plan {
	if len(policies) == 0 {
		return plan{}
	}
	p := plan{policy: policies[0]}
	tt, err := k.timetables.of(p.policy)
	if err != nil {
		p.invalid = err
		return p
	}
	p.transitions, _ = tt.Next(now, transitionsShown)
	p.floors, p.again = scaling.Of(p.policy, tt, now)
	for _, source := range k.Sources {
		p.floors = append(p.floors, source.Floors(client.ObjectKeyFromObject(p.policy))...)
	}
	if p.policy.Spec.Suspend {
		p.floors = nil
	}
	p.carries = !p.policy.Spec.Suspend && !p.policy.Spec.DryRun
	return p
}

// shows says that the policy's floors are worth telling: those of a dry run are, too.
func (p *plan) shows() bool { return p.policy != nil && p.invalid == nil && !p.policy.Spec.Suspend }

// metric is what the policy has the target scaled by; nil where that is the target's own.
func (p *plan) metric() *v1alpha1.ScalingMetric {
	if p.policy == nil {
		return nil
	}
	return p.policy.Spec.Metric
}

// asked is what the policy asks of a target with bounds of its own, where it counts, and what is reserved beside it.
func (p *plan) asked(counts bool, own scaling.Bounds, limit int32, reserved []scaling.Floor) scaling.Asked {
	a := scaling.Asked{Own: own, Limit: limit}
	if counts {
		a.Min, a.Max, a.Floors = p.policy.Spec.Min, p.policy.Spec.Max, slices.Clone(p.floors)
	}
	a.Floors = append(a.Floors, reserved...)
	return a
}

// reserved are the floors of one Revision that other parts of this program ask for:
//
//	what is reserved        a floor is written on the Revision   then
//	is known                any                                  those
//	is not known to be all  no                                   those
//	is not known to be all  yes                                  those, and one Pod: what was reserved before a restart must not be let
//	                                                             go of, for the Pod would be gone before it is reserved again
func (k *Keeper) reserved(r client.Object) []scaling.Floor {
	if k.Reservations == nil {
		return nil
	}
	floors, all := k.Reservations.Of(client.ObjectKeyFromObject(r))
	var out []scaling.Floor
	for source, n := range floors {
		out = append(out, scaling.Floor{Source: "reservation/" + source, Replicas: n})
	}
	if !all && scaling.HoldsFloor(r.GetAnnotations()) {
		out = append(out, scaling.Floor{Source: "reservation/unknown", Replicas: 1})
	}
	slices.SortFunc(out, func(a, b scaling.Floor) int { return cmp.Compare(a.Source, b.Source) })
	return out
}
