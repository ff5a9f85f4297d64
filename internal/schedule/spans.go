package schedule

import "time"

// Spans that do not take place are passed over: those of each excluded date at once, and those of each minute of a gap of up to
// a day. The limit is for a window that lies in a yearly gap on a fixed date, and so never takes place.
const maxTries = maxDates + 2*day/minute

// span is a stretch in which a floor holds: from is in it, until is not.
type span struct{ from, until instant }

// spans are the times at which one floor holds.
type spans interface {
	// at is a span that holds at t, the one that lasts longest.
	at(s *stretch, t instant) (span, bool)
	// after is the first span that begins after t.
	after(s *stretch, t instant) (span, bool)
}

// recurring are spans by cron expressions.
type recurring struct {
	start    *calendar
	end      *calendar // or nil: then length says how long
	length   int64
	lead     int64
	excluded map[civil]bool // midnights
}

// at needs to look at the last start only that takes place: no earlier one lasts longer.
func (r *recurring) at(s *stretch, t instant) (span, bool) {
	c := s.reached(t + instant(r.lead))
	for range maxTries {
		start, ok := r.start.last(c)
		if !ok {
			break
		}
		sp, takesPlace := r.span(s, start)
		switch {
		case takesPlace:
			return sp, t < sp.until
		case r.excluded[start.midnight()]:
			c = start.midnight() - minute
		default:
			c = start - minute
		}
	}
	return span{}, false
}

func (r *recurring) after(s *stretch, t instant) (span, bool) {
	c := s.reached(t + instant(r.lead))
	for range maxTries {
		start, ok := r.start.next(c)
		if !ok {
			break
		}
		sp, takesPlace := r.span(s, start)
		switch {
		case takesPlace:
			return sp, true
		case r.excluded[start.midnight()]:
			c = start.midnight() + day - minute
		default:
			c = start
		}
	}
	return span{}, false
}

// span is the one that starts at c:
//
//	c is on an excluded date    start and end fire at the same moment: both in one gap    takes place
//	yes                         –                                                         no
//	no                          yes                                                       no
//	no                          no                                                        yes
func (r *recurring) span(s *stretch, c civil) (span, bool) {
	if r.excluded[c.midnight()] {
		return span{}, false
	}
	from := s.fires(c)
	until := from + instant(r.length)
	if r.end != nil {
		end, _ := r.end.next(c) // there is one: compiling made sure
		until = s.fires(end)
	}
	return span{from - instant(r.lead), until}, from < until
}

// fixed are spans that were written down one by one.
type fixed []span

func (f fixed) at(_ *stretch, t instant) (span, bool) {
	longest := span{until: ever}
	for _, sp := range f {
		if sp.from <= t && t < sp.until && sp.until > longest.until {
			longest = sp
		}
	}
	return longest, longest.until != ever
}

func (f fixed) after(_ *stretch, t instant) (span, bool) {
	first := span{from: never}
	for _, sp := range f {
		if t < sp.from && sp.from < first.from {
			first = sp
		}
	}
	return first, first.from != never
}

func (t instant) time() time.Time { return time.Unix(int64(t), 0).UTC() }
