// Package schedule says how many Pods the windows of a policy ask for at a moment, and when that changes next. It is pure and
// level-triggered: every answer comes from the windows and the moment alone, so that there is nothing to lose at a restart.
package schedule

import "time"

// Window is a stretch of time, once or again and again, in which at least Replicas Pods are wanted. It recurs by Start with
// either End or Duration, is listed in OneOffs, or both.
//
// Wall-clock times follow the zone through a change of the clocks: what lies in the gap fires at the gap's end, what lies in
// the fold fires once, in its first pass; so a window from Start to End that lies wholly in a gap does not take place. Duration
// and LeadTime are elapsed time.
type Window struct {
	// Name tells the windows of a policy apart; not empty.
	Name string
	// Start is a cron expression: minute, hour, day of month, month, day of week; or @hourly, @daily, @midnight, @weekly,
	// @monthly, @yearly, @annually. As in a CronJob, a day matches by either of its two fields where neither is *.
	Start string
	// End is a cron expression: a window lasts until its first match after the start, on the wall clock.
	End string
	// Duration is how long a window lasts: whole seconds, above 0.
	Duration time.Duration
	// TimeZone is a name of the IANA database; empty is UTC.
	TimeZone string
	// Replicas is the floor, 0 or more.
	Replicas int32
	// ExcludedDates are days of the zone, as 2026-12-24, on which no recurring window starts; one that runs already runs on.
	ExcludedDates []string
	// OneOffs are windows that take place once, also on an excluded date.
	OneOffs []OneOff
	// LeadTime is how long before each start the floor holds already, so that Pods are Ready in time: whole seconds, 0 or more.
	LeadTime time.Duration
}

// OneOff is a window that takes place once.
type OneOff struct {
	// Start and End are wall-clock times of the window's zone, as 2026-11-11T00:00.
	Start, End string
}
