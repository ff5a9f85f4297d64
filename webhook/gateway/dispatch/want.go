package dispatch

import (
	"maps"
	"math"
	"time"
)

// Want is how many Pods are asked for, by Revision: one for each event, in a Pod or waiting, and one for each that ended less than
// Limits.Idle ago, less those whose place a newer event took.
func (l *Line) Want(now time.Time) map[string]int {
	out := map[string]int{}
	for _, e := range l.events {
		out[e.revision]++
	}
	for revision, kept := range l.kept {
		for _, until := range kept {
			if until.After(now) {
				out[revision]++
			}
		}
	}
	delete(out, "") // no Revision yet
	return out
}

// InFlight is how many events there are: in Pods, and waiting for one.
func (l *Line) InFlight() (inPods, waiting int) { return l.busy, len(l.events) - l.busy }

// WaitsFor is the Revision of an event that waits; "" of any other, and while no Revision has a share.
func (l *Line) WaitsFor(id EventID) string {
	if e := l.events[id]; e != nil && e.place != nil {
		return e.revision
	}
	return ""
}

// Busy says that a Pod has an event of this line.
func (l *Line) Busy(p Pod) bool { return l.pods[p] != nil && l.pods[p].event != nil }

// Next is when something changes with the time alone: a Pod that refused may be asked again, or less is wanted. Zero is never.
func (l *Line) Next(now time.Time) time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for revision, line := range l.waiting {
		if line.Len() == 0 {
			continue
		}
		for _, p := range l.idle[revision] {
			sooner(p.aside)
		}
	}
	for _, kept := range l.kept {
		for _, until := range kept {
			sooner(until)
		}
	}
	return next
}

// RetryAfter is when it makes sense to send an event again that found the line full, in whole seconds.
func (l *Line) RetryAfter() int {
	places := max(1, l.busy)
	seconds := math.Ceil(l.took.Seconds() * float64(len(l.events)-l.busy) / float64(places))
	return int(min(60, max(1, seconds)))
}

// measure smooths what events take in their Pods.
func (l *Line) measure(took time.Duration) {
	if l.took == 0 {
		l.took = took
		return
	}
	l.took += (took - l.took) / 8
}

// keep asks for the Pod of an event that ended for a while more.
func (l *Line) keep(revision string, now time.Time) {
	l.prune(now)
	if l.limits.Idle > 0 {
		l.kept[revision] = append(l.kept[revision], now.Add(l.limits.Idle))
	}
}

// takeKept lets an event take the place of one that ended: of the last, so that the others' time runs on.
func (l *Line) takeKept(revision string, now time.Time) {
	l.prune(now)
	if kept := l.kept[revision]; len(kept) > 0 {
		l.kept[revision] = kept[:len(kept)-1]
	}
}

// prune forgets what is over, and what no Revision of the split is asked for.
func (l *Line) prune(now time.Time) {
	for revision, kept := range maps.Clone(l.kept) {
		first := 0
		for first < len(kept) && !kept[first].After(now) {
			first++
		}
		if l.kept[revision] = kept[first:]; first == len(kept) || !l.split.has(revision) {
			delete(l.kept, revision)
		}
	}
}
