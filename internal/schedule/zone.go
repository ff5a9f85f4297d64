package schedule

import (
	"math"
	"time"
)

// instant is a moment: seconds since 1970.
type instant int64

const (
	ever  instant = math.MinInt64 / 2 // so that a lead time can be added
	never instant = math.MaxInt64 / 2

	// No clock was ever put back by more than this: Manila and Sitka moved over the date line by a day.
	longestFold = 26 * hour
)

// stretch is a time zone with a stretch of time in which it has one offset. Answers within are sums; others ask the zone.
//
//	a civil time        fires
//	comes once          then
//	comes twice         the first time: the fold
//	is left out         at the end of the gap
type stretch struct {
	loc    *time.Location
	offset int64
	// From settled on, the second pass of a fold that may have begun the stretch is over; it ends before end.
	settled, end instant
}

// around is the stretch that t is in.
func around(loc *time.Location, t instant) stretch {
	local := time.Unix(int64(t), 0).In(loc)
	_, offset := local.Zone()
	from, to := local.ZoneBounds()
	s := stretch{loc, int64(offset), ever, never}
	if !from.IsZero() {
		s.settled = instant(from.Unix()) + longestFold
	}
	if !to.IsZero() {
		s.end = instant(to.Unix())
	}
	return s
}

func (s *stretch) has(t instant) bool { return s.settled <= t && t < s.end }

// reached is the latest whole civil minute that has fired at t.
func (s *stretch) reached(t instant) civil {
	if s.has(t) {
		return wholeMinute(civil(int64(t) + s.offset))
	}
	shown, from := show(s.loc, t)
	if from == ever {
		return wholeMinute(shown)
	}
	// In the second pass of a fold, everything up to the fold's end has fired.
	before, _ := show(s.loc, from-1)
	return wholeMinute(max(shown, before))
}

// fires is the moment at which c fires.
func (s *stretch) fires(c civil) instant {
	if t := instant(int64(c) - s.offset); s.has(t) {
		return t
	}
	// time.Date promises only one of the two offsets around a change of the clocks.
	y, m, d := c.date()
	guess := time.Date(y, m, d, 0, 0, int(c-c.midnight()), 0, s.loc)
	t := instant(guess.Unix())
	shown, from := show(s.loc, t)
	switch {
	case shown > c: // by the offset before the gap
		return from
	case shown < c: // by the offset after the gap
		_, end := guess.ZoneBounds()
		return instant(end.Unix())
	case from == ever:
		return t
	}
	before, _ := show(s.loc, from-1)
	if c <= before { // shown before already: a fold
		return from - 1 - instant(before-c)
	}
	return t
}

// show is what the clocks of a zone show at t, and since when they have had that offset.
func show(loc *time.Location, t instant) (civil, instant) {
	local := time.Unix(int64(t), 0).In(loc)
	_, offset := local.Zone()
	shown := civil(int64(t) + int64(offset))
	from, _ := local.ZoneBounds()
	if from.IsZero() {
		return shown, ever
	}
	return shown, instant(from.Unix())
}

func wholeMinute(c civil) civil { return c - ((c%minute)+minute)%minute }
