package scaling

import (
	"cmp"
	"fmt"
	"slices"
)

// Sources that have no name of their own.
const (
	// FromMin is the policy's min.
	FromMin = "min"
	// FromTarget is what the target itself asks for.
	FromTarget = "target"
	// FromEvent is the event gateway.
	FromEvent = "event"
)

// Bounds are what a target itself asks for.
type Bounds struct {
	// Min is its floor, 0 where it has none.
	Min int32
	// Max is its most Pods, 0 where it has no limit.
	Max int32
}

// Asked is what a decision goes by.
type Asked struct {
	// Own are the target's own bounds.
	Own Bounds
	// Min and Max are the policy's, which stand in the place of the target's own; nil where it has none.
	Min, Max *int32
	// Limit is the largest max that the cluster allows; 0 where it allows any.
	Limit int32
	// Floors are those of schedules, events, plugins and reservations, in the order in which equal ones are named.
	Floors []Floor
}

// Decision is how many Pods a target has at least, why, and what is to be written on it.
type Decision struct {
	// Floor is how many Pods at least, max taken into account.
	Floor int32
	// From is the source of the largest floor, and whether max made it smaller; empty where there is none.
	From string
	// Floors are those that hold, the largest first.
	Floors []Floor
	// Min and Max are what to write in the place of the target's own bounds; nil where its own are right.
	Min, Max *int32
}

// Decide makes one floor of many:
//
//	the policy's min   the floor at all times is
//	set                the policy's, whatever the target itself asks for
//	none               the target's own
//
//	the policy's max   max is
//	set                the policy's, but not above the cluster's limit
//	none               the target's own
//
//	the largest of all floors is    the floor is
//	not above max, or there is      the largest
//	no max
//	above max                       max
//
//	the floor (or max) is           written is
//	what the target has itself      nothing: its own value counts, also when it changes
//	anything else                   the floor (or max)
//
// So a window of 10 Pods and a CPU that needs 20 give 20, for the autoscaler does that part; and when floors end, the target has its
// own bounds again.
func Decide(a Asked) Decision {
	most := a.Own.Max
	if a.Max != nil {
		most = *a.Max
		if a.Limit > 0 && (most == 0 || most > a.Limit) {
			most = a.Limit
		}
	}
	d := Decision{Floors: a.held()}
	if len(d.Floors) > 0 {
		d.Floor, d.From = d.Floors[0].Replicas, d.Floors[0].Source
	}
	if most > 0 && d.Floor > most {
		d.Floor, d.From = most, fmt.Sprintf("%s, clamped from %d by max", d.From, d.Floor)
	}
	if d.Floor != a.Own.Min {
		d.Min = &d.Floor
	}
	if most != a.Own.Max {
		d.Max = &most
	}
	return d
}

// held are the floors that ask for something, the largest first; of equal ones the first.
func (a *Asked) held() []Floor {
	base := Floor{Source: FromTarget, Replicas: a.Own.Min}
	if a.Min != nil {
		base = Floor{Source: FromMin, Replicas: *a.Min}
	}
	out := append([]Floor{base}, a.Floors...)
	out = slices.DeleteFunc(out, func(f Floor) bool { return f.Replicas <= 0 })
	slices.SortStableFunc(out, func(a, b Floor) int { return cmp.Compare(b.Replicas, a.Replicas) })
	return out
}
