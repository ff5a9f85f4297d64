package scaling

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
)

func TestKnows(t *testing.T) {
	for _, tc := range []struct {
		what         string
		reachability autoscalingv1alpha1.ReachabilityType
		class, min   string
		desired      *int32
		want         bool
	}{
		{"in no split for it", autoscalingv1alpha1.ReachabilityUnreachable, "", "2", new(int32(2)), false},
		{"nothing is written", autoscalingv1alpha1.ReachabilityReachable, "", "", new(int32(2)), false},
		{"less is written", autoscalingv1alpha1.ReachabilityReachable, "", "1", new(int32(2)), false},
		{"it has never decided", autoscalingv1alpha1.ReachabilityReachable, "", "2", nil, false},
		{"it decided before", autoscalingv1alpha1.ReachabilityReachable, "", "2", new(int32(0)), false},
		{"as many", autoscalingv1alpha1.ReachabilityReachable, "", "2", new(int32(2)), true},
		{"an HPA, without metrics yet", autoscalingv1alpha1.ReachabilityReachable, autoscaling.HPA, "2", new(int32(0)), true},
		{"an HPA, and nothing is written", autoscalingv1alpha1.ReachabilityReachable, autoscaling.HPA, "", new(int32(2)), false},
		{"more", autoscalingv1alpha1.ReachabilityUnknown, "", "3", new(int32(5)), true},
	} {
		pa := &autoscalingv1alpha1.PodAutoscaler{}
		pa.Annotations = map[string]string{}
		pa.Spec.Reachability, pa.Status.DesiredScale = tc.reachability, tc.desired
		if tc.min != "" {
			pa.Annotations[autoscaling.MinScaleAnnotationKey] = tc.min
		}
		if tc.class != "" {
			pa.Annotations[autoscaling.ClassAnnotationKey] = tc.class
		}
		if got := Knows(pa, 2); got != tc.want {
			t.Errorf("%s: %v", tc.what, got)
		}
	}
}

// TestObserve follows one reservation until it is carried out, with an autoscaler that forgets it once on the way.
func TestObserve(t *testing.T) {
	name := types.NamespacedName{Namespace: "ns", Name: "hello-v1"}
	begin := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	r, told := &Reservations{}, 0
	r.NotifyCarried(func(types.NamespacedName) {
		told++
		if !r.Carried(name) { // it may ask, though it is called amid a change
			t.Error("told, and not carried")
		}
	})
	if again := r.Observe(name, true, begin); again != 0 || r.Pending(name) || r.Carried(name) {
		t.Errorf("nothing is reserved: again in %v", again)
	}
	r.Reserve("slb/web", name, 1)
	for _, tc := range []struct {
		at      time.Duration
		known   bool
		again   time.Duration
		carried bool
	}{
		{0, false, 200 * time.Millisecond, false},
		{time.Second, false, 500 * time.Millisecond, false},
		{time.Hour, false, 10 * time.Second, false},
		{time.Hour + time.Second, true, time.Second, false},
		{time.Hour + 1500*time.Millisecond, false, 10 * time.Second, false},
		{time.Hour + 3*time.Second, true, time.Second, false},
		{time.Hour + 3400*time.Millisecond, true, 600 * time.Millisecond, false},
		{time.Hour + 4*time.Second, true, 0, true},
		{time.Hour + 5*time.Second, false, 0, true},
	} {
		if again := r.Observe(name, tc.known, begin.Add(tc.at)); again != tc.again || r.Carried(name) != tc.carried || r.Pending(name) == tc.carried {
			t.Errorf("after %v: again in %v, carried %v; want %v, %v", tc.at, again, r.Carried(name), tc.again, tc.carried)
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	r.Reserve("slb/web", name, 0)
	r.Reserve("slb/web", name, 1)
	if r.Carried(name) {
		t.Error("what is reserved anew is carried before it is looked at")
	}
}
