package scaling

import (
	"math"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// GatewayFresh is for how long a replica of the event gateway counts after it last said what it has in flight.
const GatewayFresh = 15 * time.Second

// Of are the floors of a policy's schedules and events at a moment, and the moment from which on they may be others; zero where they
// stay until the policy changes.
func Of(p *v1alpha1.ScalingPolicy, tt *schedule.Timetable, now time.Time) ([]Floor, time.Time) {
	var out []Floor
	for _, a := range tt.Floor(now).Active {
		out = append(out, Floor{Source: "schedule/" + a.Window, Replicas: a.Replicas, Until: a.Until})
	}
	var again time.Time
	if next, until := tt.Next(now, 1); len(next) > 0 {
		again = next[0].At
	} else if len(p.Spec.Schedules) > 0 {
		again = until
	}
	if p.Spec.Event == nil {
		return out, again
	}
	event, stale := inFlight(p.Status.Gateways, now)
	return append(out, event), sooner(again, stale)
}

// inFlight adds up what the gateway's replicas have in flight. One that has not been heard of is not counted: its events have ended
// with it, or have been taken up by another.
func inFlight(gateways []v1alpha1.GatewayStatus, now time.Time) (Floor, time.Time) {
	var sum int64
	var stale time.Time
	for _, g := range gateways {
		until := g.Renewed.Add(GatewayFresh)
		if g.InFlight <= 0 || !now.Before(until) {
			continue
		}
		sum += int64(g.InFlight)
		stale = sooner(stale, until)
	}
	return Floor{Source: FromEvent, Replicas: int32(min(sum, math.MaxInt32))}, stale
}

// sooner is the earlier of two moments, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
