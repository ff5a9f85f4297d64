package schedule

import (
	"slices"
	"time"
)

const (
	// How far ahead Next looks. A year holds every change of a yearly window; no plan is made for longer than ten.
	horizon = 10 * 366 * day
	// How many ends and starts Next looks at, about a microsecond each: windows that follow one another every minute, without
	// a break, would take it five million to find that nothing changes.
	maxEdges = 10_000
)

// Transition is a moment at which the floor, or the windows behind it, change.
type Transition struct {
	// At is in UTC, to the second.
	At time.Time
	// Before and After are the floors on its two sides.
	Before, After int32
	// Active names the windows that hold from then on, in the order of the policy.
	Active []string
}

// Next gives the next transitions after a moment, n at most, and the time up to which they are all there is: ask again then,
// or at the first of them. That time is the last transition's where there are n, else at most ten years away.
func (tt *Timetable) Next(now time.Time, n int) ([]Transition, time.Time) {
	t := instant(now.Unix())
	limit := t + horizon
	w := tt.watch(t)
	var out []Transition
	for range maxEdges {
		if len(out) >= n {
			return out, t.time()
		}
		if w.edge() > limit {
			return out, limit.time()
		}
		t = w.edge()
		before, active := w.replicas(), w.active()
		w.advance(t)
		if now := w.active(); !slices.Equal(active, now) {
			out = append(out, Transition{t.time(), before, w.replicas(), now})
		}
	}
	return out, t.time()
}

// watch goes along a timetable from edge to edge.
type watch struct {
	sources []source
	states  []state
}

// state is whether a source holds, and until when that is sure.
type state struct {
	zone  stretch
	holds bool
	until instant
}

func (tt *Timetable) watch(t instant) *watch {
	w := &watch{tt.sources, make([]state, len(tt.sources))}
	for i := range w.states {
		w.settle(i, t)
	}
	return w
}

// edge is the next moment at which a source may change.
func (w *watch) edge() instant {
	first := never
	for i := range w.states {
		first = min(first, w.states[i].until)
	}
	return first
}

func (w *watch) advance(t instant) {
	for i := range w.states {
		if w.states[i].until == t {
			w.settle(i, t)
		}
	}
}

func (w *watch) settle(i int, t instant) {
	src, st := &w.sources[i], &w.states[i]
	if st.zone.loc == nil || !st.zone.has(t) {
		st.zone = around(src.loc, t)
	}
	sp, holds := src.spans.at(&st.zone, t)
	st.holds, st.until = holds, sp.until
	if holds {
		return
	}
	st.until = never
	if sp, ok := src.spans.after(&st.zone, t); ok {
		st.until = sp.from
	}
}

func (w *watch) replicas() int32 {
	var out int32
	for i, st := range w.states {
		if st.holds {
			out = max(out, w.sources[i].replicas)
		}
	}
	return out
}

func (w *watch) active() []string {
	var out []string
	for i, st := range w.states {
		if name := w.sources[i].window; st.holds && (len(out) == 0 || out[len(out)-1] != name) {
			out = append(out, name)
		}
	}
	return out
}
