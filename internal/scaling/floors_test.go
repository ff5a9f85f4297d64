package scaling

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// TestOf goes over the edges of windows, and over a gateway that falls silent.
func TestOf(t *testing.T) {
	nine := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	p := &v1alpha1.ScalingPolicy{Spec: v1alpha1.ScalingPolicySpec{Schedules: []v1alpha1.ScalingSchedule{
		{Name: "day", Start: "0 9 * * *", End: "0 18 * * *", Replicas: 3},
		{Name: "peak", Start: "0 12 * * *", Duration: &metav1.Duration{Duration: time.Hour}, Replicas: 8},
	}}}
	tt, problems := schedule.Compile(p.Spec.Windows())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	event := *p
	event.Spec.Event = &v1alpha1.EventScaling{}
	event.Status.Gateways = []v1alpha1.GatewayStatus{
		{Name: "a", InFlight: 5, Renewed: metav1.NewMicroTime(nine)},
		{Name: "b", InFlight: 7, Renewed: metav1.NewMicroTime(nine.Add(-5 * time.Second))},
		{Name: "idle", InFlight: 0, Renewed: metav1.NewMicroTime(nine.Add(-14 * time.Second))},
		{Name: "gone", InFlight: 99, Renewed: metav1.NewMicroTime(nine.Add(-GatewayFresh))},
	}
	for name, tc := range map[string]struct {
		p    *v1alpha1.ScalingPolicy
		at   time.Duration
		want string
	}{
		"a second before":                      {p, -time.Second, "again 09:00:00"},
		"at the edge":                          {p, 0, "schedule/day 3 until 18:00:00, again 12:00:00"},
		"two at once":                          {p, 3 * time.Hour, "schedule/day 3 until 18:00:00, schedule/peak 8 until 13:00:00, again 13:00:00"},
		"when both are over":                   {p, 9 * time.Hour, "again 09:00:00"},
		"no schedule at all":                   {&v1alpha1.ScalingPolicy{}, 0, ""},
		"gateways add up":                      {&event, 0, "schedule/day 3 until 18:00:00, event 12, again 09:00:10"},
		"until one falls silent":               {&event, 10 * time.Second, "schedule/day 3 until 18:00:00, event 5, again 09:00:15"},
		"and the other":                        {&event, 15 * time.Second, "schedule/day 3 until 18:00:00, event 0, again 12:00:00"},
		"gateways of a policy without events":  {&v1alpha1.ScalingPolicy{Status: event.Status}, 0, ""},
		"a gateway whose clock is ahead of us": {&event, -10 * time.Second, "event 111, again 09:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			own := tt
			if len(tc.p.Spec.Schedules) == 0 {
				own, _ = schedule.Compile(nil)
			}
			floors, again := Of(tc.p, own, nine.Add(tc.at))
			var got string
			for _, f := range floors {
				got += fmt.Sprintf("%s %d", f.Source, f.Replicas)
				if !f.Until.IsZero() {
					got += f.Until.Format(" until 15:04:05")
				}
				got += ", "
			}
			if !again.IsZero() {
				got += again.Format("again 15:04:05")
			}
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// BenchmarkFloors is all that a reconciliation works out before it looks at the target.
func BenchmarkFloors(b *testing.B) {
	p := &v1alpha1.ScalingPolicy{}
	for i := range 5 {
		p.Spec.Schedules = append(p.Spec.Schedules, v1alpha1.ScalingSchedule{
			Name: fmt.Sprint(i), Start: fmt.Sprintf("0 %d * * MON-FRI", i), End: fmt.Sprintf("30 %d * * MON-FRI", i+8), TimeZone: "Asia/Shanghai", Replicas: int32(i),
		})
	}
	tt, problems := schedule.Compile(p.Spec.Windows())
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	now := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	for b.Loop() {
		floors, _ := Of(p, tt, now)
		if d := Decide(Asked{Floors: floors}); d.Floor == 0 {
			b.Fatal("no floor")
		}
	}
}
