package rollout

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestFreezeOverClockChange asks around the hour that Berlin skips (2026-03-29, 02:00 is 03:00) and the one that it has twice
// (2026-10-25, 03:00 is 02:00), inside freezes that begin before it and end after it, or begin in it.
func TestFreezeOverClockChange(t *testing.T) {
	for _, tc := range []struct {
		what, schedule string
		duration       time.Duration
		open           []string // moments inside
		shut           []string // moments outside
		until          string   // of the first moment inside
	}{
		{
			what: "a weekend with 23 hours on Sunday", schedule: "0 18 * * FRI", duration: 62 * time.Hour,
			open:  []string{"2026-03-27T18:00:00+01:00", "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T08:59:59+02:00"},
			shut:  []string{"2026-03-27T17:59:59+01:00", "2026-03-30T09:00:00+02:00"},
			until: "Monday 2026-03-30 09:00 CEST",
		},
		{
			what: "a weekend with 25 hours on Sunday", schedule: "0 18 * * FRI", duration: 62 * time.Hour,
			open:  []string{"2026-10-23T18:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T06:59:59+01:00"},
			shut:  []string{"2026-10-23T17:59:59+02:00", "2026-10-26T07:00:00+01:00"},
			until: "Monday 2026-10-26 07:00 CET",
		},
		{
			what: "a start in the hour that is skipped", schedule: "30 2 * * *", duration: 30 * time.Minute,
			open:  []string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:29:59+02:00"},
			shut:  []string{"2026-03-29T01:59:59+01:00", "2026-03-29T03:30:00+02:00"},
			until: "Sunday 2026-03-29 03:30 CEST",
		},
		{
			what: "a start in the hour that comes twice", schedule: "30 2 * * *", duration: 30 * time.Minute,
			open:  []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:59:59+02:00"},
			shut:  []string{"2026-10-25T02:29:59+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"},
			until: "Sunday 2026-10-25 02:00 CET",
		},
	} {
		t.Run(tc.what, func(t *testing.T) {
			policy, err := NewPolicy("careful", v1alpha1.RolloutPolicySpec{Freeze: []v1alpha1.FreezeWindow{
				{Name: "peak", Schedule: tc.schedule, Duration: &metav1.Duration{Duration: tc.duration}, TimeZone: "Europe/Berlin"},
			}})
			if err != nil {
				t.Fatal(err)
			}
			old := Service{Name: "hello", UID: "1", Traffic: []Target{{Revision: "v1", Percent: 100}}, Settled: true, LatestCreated: "v2", Serving: []Target{{Revision: "v1", Percent: 100}}}
			forward, back := old, old
			forward.Traffic = []Target{{Revision: "v1", Percent: 90}, {Revision: "v2", Percent: 10}}
			f := Facts{Policies: []Policy{policy}, Record: v1alpha1.RolloutRecordStatus{ServiceUID: "1", Stable: "v1"}, Revisions: map[string]Revision{"v1": {Service: "hello", Ready: true}, "v2": {Service: "hello", Ready: true}}}
			decide := func(from, to *Service, at string) Decision {
				now, err := time.Parse(time.RFC3339, at)
				if err != nil {
					t.Fatal(err)
				}
				return Decide(from, to, f, now)
			}
			for i, at := range tc.open {
				d := decide(&old, &forward, at)
				if d.Allowed || d.Violations[0].Rule != Freeze {
					t.Errorf("%s: a step is let in: %+v", at, d)
				} else if i == 0 && !strings.Contains(d.Violations[0].String(), tc.until) {
					t.Errorf("%s: %s, want until %s", at, d.Violations[0], tc.until)
				}
				if d := decide(&forward, &back, at); !d.Allowed {
					t.Errorf("%s: a rollback is refused: %+v", at, d)
				}
			}
			for _, at := range tc.shut {
				if d := decide(&old, &forward, at); !d.Allowed {
					t.Errorf("%s: a step is refused: %+v", at, d)
				}
			}
		})
	}
}
