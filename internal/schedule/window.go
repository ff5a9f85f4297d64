// Package schedule holds windows of time that come back. It is pure: it is given the time, and has no clock of its own.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the same zones on every machine and in an empty container image

	"github.com/robfig/cron/v3"
)

// parser reads the five fields of crontab(5), names of months and days included. Macros like @every have no place on the
// clock on the wall, so they are not read.
var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// Window is open for a duration from each start of a cron schedule, by the clock on the wall of its time zone.
//
//	the wall's clock says           on an ordinary day    in spring, 02:00 → 03:00         in autumn, 03:00 → 02:00
//	start ≤ clock < start+duration  open                  open; a start that is skipped    open; an hour that comes
//	                                                      opens at the end of the gap      twice is open twice
//	anything else                   closed                closed                           closed
//
// So "Friday 18:00 for 62h" ends on Monday at 08:00, whether or not clocks change in between.
type Window struct {
	starts   cron.Schedule
	duration time.Duration
	zone     *time.Location
}

// MaxDuration keeps a window from never closing by mistake.
const MaxDuration = 366 * 24 * time.Hour

// Parse makes a window of a crontab expression of five fields, a duration from a minute to MaxDuration, and an IANA time zone
// ("" is UTC). It refuses a schedule that never starts.
func Parse(expression string, duration time.Duration, zone string) (Window, error) {
	// A zone inside the expression would be a second one; and a lone "TZ=" panics in robfig/cron v3.0.1.
	if strings.Contains(expression, "=") {
		return Window{}, errors.New("the schedule names a time zone: write it as the time zone of the window instead")
	}
	starts, err := parser.Parse(expression)
	if err != nil {
		return Window{}, fmt.Errorf("%q is not a schedule of five fields (minute, hour, day of month, month, day of week): %w", expression, err)
	}
	if starts.Next(time.Unix(0, 0).UTC()).IsZero() {
		return Window{}, fmt.Errorf("the schedule %q never starts: no such day exists", expression)
	}
	if duration < time.Minute || duration > MaxDuration {
		return Window{}, fmt.Errorf("the duration is %s: it can be from 1m to %s", duration, MaxDuration)
	}
	if zone == "Local" {
		return Window{}, errors.New(`the time zone "Local" is another on each machine: name one, such as Asia/Shanghai`)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Window{}, fmt.Errorf("the time zone %q is not in the IANA data base: name one such as Asia/Shanghai, or leave it out for UTC", zone)
	}
	return Window{starts, duration, loc}, nil
}

// Active says whether the window is open, and until when the wall's clock will say so. Windows that follow each other without a
// pause are one, up to a hundred of them.
func (w Window) Active(now time.Time) (until string, open bool) {
	clock := wall(now.In(w.zone))
	end, open := w.end(clock)
	if !open {
		return "", false
	}
	for range 100 {
		next, follows := w.end(end)
		if !follows {
			break
		}
		end = next
	}
	return fmt.Sprintf("%s (%s)", end.Format("Monday 2006-01-02 15:04"), w.zone), true
}

// end is when the earliest window that holds this time closes.
func (w Window) end(clock time.Time) (time.Time, bool) {
	start := w.starts.Next(clock.Add(-w.duration)) // the first after this; so start+duration is after the clock
	return start.Add(w.duration), !start.IsZero() && !start.After(clock)
}

// wall is what the clock on the wall shows, as if it were UTC: a day without changes of the clock.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
