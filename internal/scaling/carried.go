package scaling

import (
	"time"

	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
)

const (
	// stillDecided is how long a decision of the autoscaler from before it knew a floor may still be on its way to the Deployment.
	stillDecided = time.Second
	// lookSoonest and lookLatest bound how soon it is looked again whether the autoscaler knows a floor.
	lookSoonest, lookLatest = 200 * time.Millisecond, 10 * time.Second
)

// Knows says that Knative's autoscaler knows a floor that is written on a Revision, by the Revision's PodAutoscaler:
//
//	its Revision            its own min-scale   its class   it asks for      knows
//	is in no split for it   any                 any         any              no: it heeds no min-scale yet
//	is, or may be           below the floor     any         any              no: Knative has not carried the annotation over
//	is, or may be           the floor or more   not KPA     any              yes: it never goes to zero, whatever it was last
//	                                                                         asked for, which may be unknown without metrics
//	is, or may be           the floor or more   KPA         below it         no: it has decided nothing since
//	is, or may be           the floor or more   KPA         as many, more    yes
//
// Source: serving v0.50.0, pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go, ScaleBounds; pkg/reconciler/autoscaling/kpa/scaler.go, scale;
// pkg/reconciler/autoscaling/hpa/resources/hpa.go, MakeHPA.
func Knows(pa *autoscalingv1alpha1.PodAutoscaler, floor int32) bool {
	_, written, ok := autoscaling.MinScaleAnnotation.Get(pa.Annotations)
	switch {
	case pa.Spec.Reachability == autoscalingv1alpha1.ReachabilityUnreachable:
		return false
	case !ok || number(written) < floor:
		return false
	case pa.Class() != autoscaling.KPA:
		return true
	default:
		return pa.Status.DesiredScale != nil && *pa.Status.DesiredScale >= floor
	}
}

// carrying is a floor on its way to the Pods.
type carrying struct {
	since time.Time // it was first looked at
	known time.Time // since when the autoscaler knows it; zero while it does not
	done  bool
}

// observe takes in whether the autoscaler knows the floor now, and gives when to look again:
//
//	the autoscaler   for           the floor is    look again
//	does not know    –             on its way      after half the time that it has been, within bounds
//	knows            less than     on its way      when stillDecided is over
//	                 stillDecided
//	knows            longer        carried out     no more
func (c *carrying) observe(known bool, now time.Time) time.Duration {
	if !known {
		c.known = time.Time{}
		return min(max(now.Sub(c.since)/2, lookSoonest), lookLatest)
	}
	if c.known.IsZero() {
		c.known = now
	}
	left := max(c.known.Add(stillDecided).Sub(now), 0)
	c.done = left == 0
	return left
}
