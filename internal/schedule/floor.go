package schedule

import "time"

// Timetable is a policy's windows, ready to be asked. It is safe for use by many at once.
type Timetable struct {
	sources []source
}

// source is one floor of a window: its recurring spans, or its one-offs. Those of a window are neighbours.
type source struct {
	window   string
	replicas int32
	loc      *time.Location
	spans    spans
}

// Floor is how many Pods are wanted at least, and why.
type Floor struct {
	// Replicas is the largest of the active windows, 0 where there is none.
	Replicas int32
	// Active are the windows that hold, in the order of the policy.
	Active []Active
}

// Active is a window that holds.
type Active struct {
	// Window is its name.
	Window   string
	Replicas int32
	// From and Until are when it began (its lead time included) and ends, in UTC; it may go over into the next one without a break.
	From, Until time.Time
}

// Floor is the floor at a moment, to the second.
func (tt *Timetable) Floor(now time.Time) Floor {
	t := instant(now.Unix())
	var f Floor
	var zone stretch
	for i := range tt.sources {
		src := &tt.sources[i]
		if src.loc != zone.loc {
			zone = around(src.loc, t)
		}
		if sp, ok := src.spans.at(&zone, t); ok {
			f.add(src, sp)
		}
	}
	return f
}

func (f *Floor) add(src *source, sp span) {
	f.Replicas = max(f.Replicas, src.replicas)
	a := Active{src.window, src.replicas, sp.from.time(), sp.until.time()}
	n := len(f.Active)
	if n == 0 || f.Active[n-1].Window != src.window {
		f.Active = append(f.Active, a)
		return
	}
	last := &f.Active[n-1]
	if a.From.Before(last.From) {
		last.From = a.From
	}
	if a.Until.After(last.Until) {
		last.Until = a.Until
	}
}
