package scaling

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

func TestEventProblem(t *testing.T) {
	one, two, none := EventRevision{Name: "a-1", ContainerConcurrency: 1}, EventRevision{Name: "a-2", ContainerConcurrency: 2}, EventRevision{Name: "a-0"}
	for name, c := range map[string]struct {
		suspend, found bool
		live           []EventRevision
		reason, says   string
	}{
		"suspended":           {suspend: true, found: true, live: []EventRevision{one}, reason: ReasonSuspended, says: "spec.suspend"},
		"no Service":          {reason: ReasonNoTarget, says: "no Knative Service a in namespace ns"},
		"no Revision yet":     {found: true},
		"one":                 {found: true, live: []EventRevision{one}},
		"two":                 {found: true, live: []EventRevision{one, two}, reason: ReasonConcurrency, says: "Revision a-2 of Service ns/a has traffic and containerConcurrency 2"},
		"none, which is more": {found: true, live: []EventRevision{none}, reason: ReasonConcurrency, says: "containerConcurrency 0"},
	} {
		p := &v1alpha1.ScalingPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}, Spec: v1alpha1.ScalingPolicySpec{
			Target: v1alpha1.ScalingTarget{Kind: v1alpha1.TargetService, Name: "a"}, Suspend: c.suspend,
		}}
		reason, message := EventProblem(p, c.found, c.live)
		if reason != c.reason || !strings.Contains(message, c.says) {
			t.Errorf("%s: %q, %q", name, reason, message)
		}
	}
}

func TestEventSettings(t *testing.T) {
	queue, timeout, idle := EventSettings(&v1alpha1.EventScaling{})
	if queue != 1000 || timeout != 10*time.Minute || idle != 30*time.Second {
		t.Errorf("left out: %d, %s, %s", queue, timeout, idle)
	}
	none := int32(0)
	queue, timeout, idle = EventSettings(&v1alpha1.EventScaling{MaxQueue: &none, Timeout: &metav1.Duration{Duration: time.Minute}, IdleTime: &metav1.Duration{}})
	if queue != 0 || timeout != time.Minute || idle != 0 {
		t.Errorf("set: %d, %s, %s", queue, timeout, idle)
	}
}

func TestShareOfEvents(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fresh, stale := metav1.NewMicroTime(now.Add(-time.Second)), metav1.NewMicroTime(now.Add(-GatewayFresh))
	gateways := []v1alpha1.GatewayStatus{
		{Name: "one", InFlight: 11, Renewed: fresh, Revisions: []v1alpha1.GatewayRevision{{Name: "a", InFlight: 7}, {Name: "b", InFlight: 3}}}, // and one that waits for a share
		{Name: "two", InFlight: 2, Renewed: fresh},
		{Name: "dead", InFlight: 100, Renewed: stale, Revisions: []v1alpha1.GatewayRevision{{Name: "b", InFlight: 100}}},
	}
	floors := []Floor{{Source: "schedule/day", Replicas: 4}, {Source: FromEvent, Replicas: 13}}
	for revision, want := range map[string]int32{"a": 10, "b": 6, "c": 3} {
		got := ShareOfEvents(floors, gateways, revision, now)
		if got[0].Replicas != 4 || got[1].Replicas != want {
			t.Errorf("%s: %v, want %d", revision, got, want)
		}
	}
	if floors[1].Replicas != 13 {
		t.Error("the floors that it was given are changed")
	}
}
