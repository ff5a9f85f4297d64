package scaling

import (
	"testing"

	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
)

func TestKnows(t *testing.T) {
	for _, tc := range []struct {
		what         string
		reachability autoscalingv1alpha1.ReachabilityType
		min          string
		desired      *int32
		want         bool
	}{
		{"in no split for it", autoscalingv1alpha1.ReachabilityUnreachable, "2", new(int32(2)), false},
		{"nothing is written", autoscalingv1alpha1.ReachabilityReachable, "", new(int32(2)), false},
		{"less is written", autoscalingv1alpha1.ReachabilityReachable, "1", new(int32(2)), false},
		{"it has never decided", autoscalingv1alpha1.ReachabilityReachable, "2", nil, false},
		{"it decided before", autoscalingv1alpha1.ReachabilityReachable, "2", new(int32(0)), false},
		{"as many", autoscalingv1alpha1.ReachabilityReachable, "2", new(int32(2)), true},
		{"more", autoscalingv1alpha1.ReachabilityUnknown, "3", new(int32(5)), true},
	} {
		pa := &autoscalingv1alpha1.PodAutoscaler{}
		pa.Spec.Reachability, pa.Status.DesiredScale = tc.reachability, tc.desired
		if tc.min != "" {
			pa.Annotations = map[string]string{autoscaling.MinScaleAnnotationKey: tc.min}
		}
		if got := Knows(pa, 2); got != tc.want {
			t.Errorf("%s: %v", tc.what, got)
		}
	}
}
