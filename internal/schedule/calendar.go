package schedule

import (
	"math/bits"
	"time"
)

// civil is a time that a wall clock shows: seconds since 1970 as if the zone were UTC. A civil time may come twice, or never.
type civil int64

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour

	// A match is at most eight years away, or there is none: 29 February skips 1900 and 2100.
	farthest = 8*12 + 1 // months
	// Set in a field of robfig/cron that was written as * or ?.
	star = 1 << 63
)

// calendar is the set of the civil minutes that a cron expression matches; each field has the bits of its values.
type calendar struct {
	minute, hour, dom, month, dow uint64
}

// last is the latest match that is not after c.
func (k *calendar) last(c civil) (civil, bool) {
	today := c.midnight()
	y, m, d := c.date()
	days := k.days(y, m)
	if days&(1<<d) != 0 {
		if t, ok := k.lastTime(int(c - today)); ok {
			return today + t, true
		}
	}
	days &= 1<<d - 1
	for range farthest {
		if days != 0 {
			t, _ := k.lastTime(day - 1)
			return midnight(y, m, bits.Len64(days)-1) + t, true
		}
		if m--; m == 0 {
			y, m = y-1, time.December
		}
		days = k.days(y, m)
	}
	return 0, false
}

// next is the earliest match after c.
func (k *calendar) next(c civil) (civil, bool) {
	today := c.midnight()
	y, m, d := c.date()
	days := k.days(y, m)
	if days&(1<<d) != 0 {
		if t, ok := k.nextTime(int(c - today)); ok {
			return today + t, true
		}
	}
	days &^= 1<<(d+1) - 1
	for range farthest {
		if days != 0 {
			t, _ := k.nextTime(-1)
			return midnight(y, m, bits.TrailingZeros64(days)) + t, true
		}
		if m++; m > time.December {
			y, m = y+1, time.January
		}
		days = k.days(y, m)
	}
	return 0, false
}

// days has a bit for each day of a month that matches:
//
//	day of month    day of week    a day matches
//	*               any            by its day of week
//	any             *              by its day of month
//	other           other          by either
func (k *calendar) days(y int, m time.Month) uint64 {
	if k.month&(1<<m) == 0 {
		return 0
	}
	first := midnight(y, m, 1)
	length := int(midnight(y, m+1, 1)-first) / day
	month := uint64(1)<<(length+1) - 2 // bits 1 to length

	week := k.dow & 0x7f
	w := int(time.Unix(int64(first), 0).UTC().Weekday())
	week = (week>>w | week<<(7-w)) & 0x7f // bit 0 is the weekday of the first
	byWeek := (week | week<<7 | week<<14 | week<<21 | week<<28) << 1

	if (k.dom|k.dow)&star != 0 {
		return k.dom & byWeek & month
	}
	return (k.dom | byWeek) & month
}

// lastTime is the latest time of day that matches, in seconds, not after the second s of the day.
func (k *calendar) lastTime(s int) (civil, bool) {
	h, m := s/hour, s%hour/minute
	if at := k.minute & (1<<(m+1) - 1); k.hour&(1<<h) != 0 && at != 0 {
		return civil(h*hour + (bits.Len64(at)-1)*minute), true
	}
	earlier := k.hour & (1<<h - 1)
	return civil((bits.Len64(earlier)-1)*hour + (bits.Len64(k.minute&^star)-1)*minute), earlier != 0
}

// nextTime is the earliest time of day that matches, in seconds, after the second s of the day; -1 for the first of all.
func (k *calendar) nextTime(s int) (civil, bool) {
	s += minute
	h, m := s/hour, s%hour/minute
	if s < minute {
		h, m = 0, 0
	}
	if at := k.minute &^ star >> m << m; h < 24 && k.hour&(1<<h) != 0 && at != 0 {
		return civil(h*hour + bits.TrailingZeros64(at)*minute), true
	}
	later := k.hour &^ star >> (h + 1) << (h + 1)
	return civil(bits.TrailingZeros64(later)*hour + bits.TrailingZeros64(k.minute)*minute), later != 0
}

func (c civil) date() (int, time.Month, int) { return time.Unix(int64(c), 0).UTC().Date() }

func (c civil) midnight() civil {
	return c - ((c%day)+day)%day
}

func midnight(y int, m time.Month, d int) civil {
	return civil(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix())
}
