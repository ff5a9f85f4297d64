package scaling

import (
	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
)

// Knows says that Knative's autoscaler knows a floor that is written on a Revision, by the Revision's PodAutoscaler:
//
//	its Revision            its own min-scale   it asks for      knows
//	is in no split for it   any                 any              no: it heeds no min-scale yet
//	is, or may be           below the floor     any              no: Knative has not carried the annotation over
//	is, or may be           the floor or more   below it         no: it has decided nothing since
//	is, or may be           the floor or more   as many, more    yes
//
// Source: serving v0.50.0, pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go, ScaleBounds; pkg/reconciler/autoscaling/kpa/scaler.go, scale.
func Knows(pa *autoscalingv1alpha1.PodAutoscaler, floor int32) bool {
	_, written, ok := autoscaling.MinScaleAnnotation.Get(pa.Annotations)
	switch {
	case pa.Spec.Reachability == autoscalingv1alpha1.ReachabilityUnreachable:
		return false
	case !ok || number(written) < floor:
		return false
	default:
		return pa.Status.DesiredScale != nil && *pa.Status.DesiredScale >= floor
	}
}
