package rollout

import (
	"fmt"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// Freeze is the name of the rule that nothing moves forward in a window of time.
const Freeze = "freeze"

// freeze refuses a step inside a window.
//
//	the window is      now is                                                      verdict
//	from … to          from ≤ now < to                                             refused
//	a schedule         inside (schedule.Window has the days when clocks change)    refused
//	either             outside                                                     allowed
func freeze(c *change) []Violation {
	var out []Violation
	for i, w := range c.policy.Freeze {
		until, open := frozen(w, c.policy.windows[i], c.now)
		if !open {
			continue
		}
		out = append(out, Violation{Freeze, -1, "", fmt.Sprintf("The freeze %q is on until %s.", w.Name, until),
			"Inside a freeze, only the stable Revision or the one before it may be raised.",
			"Wait for its end, or keep the new Revision at 0 % behind a tag until then."})
	}
	return out
}

func frozen(w v1alpha1.FreezeWindow, comesBack *schedule.Timetable, now time.Time) (until string, open bool) {
	if comesBack == nil {
		return w.To.Format(time.RFC3339), !now.Before(w.From.Time) && now.Before(w.To.Time)
	}
	active := comesBack.Floor(now).Active
	if len(active) == 0 {
		return "", false
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return active[0].Until.In(zone).Format("Monday 2006-01-02 15:04 MST"), true
}
