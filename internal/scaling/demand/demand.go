// Package demand is how many Pods a metric asks for: what one value means, and what a row of values, some of which never came, amounts
// to. It is pure: time is given.
package demand

import (
	"fmt"
	"math"
	"time"
)

// Most is the largest floor that a metric can ask for, as of a policy's other floors.
const Most = 10000

// Pods is ⌈value / target⌉, at most Most. It refuses what is no amount: NaN, infinity, a negative value, a target that is not above 0.
func Pods(value, target float64) (int32, error) {
	switch {
	case math.IsNaN(target) || math.IsInf(target, 0) || target <= 0:
		return 0, fmt.Errorf("the target is %v: it has to be a number above 0", target)
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, fmt.Errorf("the value is %v, which is no number", value)
	case value < 0:
		return 0, fmt.Errorf("the value is %v, and no amount is below 0", value)
	}
	pods := min(value/target, Most)
	return int32(math.Ceil(pods - pods*rounding)), nil
}

// rounding keeps 1.1 / 0.1, which is 11.000000000000002 to a computer, from being 12.
const rounding = 1e-12

// Settings are how a row of values becomes a floor.
type Settings struct {
	// Stabilization is how long a larger demand counts after a smaller one came.
	Stabilization time.Duration
	// KeepLast is how long the last answer counts while none comes.
	KeepLast time.Duration
}

// Demand is what one metric asked for. The zero value has heard nothing. It is not safe for use by many at once.
type Demand struct {
	// row are demands in the order in which they came, each smaller than the one before it, which was larger and still counts. The
	// last one is the newest.
	row     []asked
	last    time.Time // of the newest answer
	failing bool      // a question after it failed
}

// asked is a demand, and when the next one took its place; zero for the newest.
type asked struct {
	pods int32
	over time.Time
}

// Answered takes a demand in. What no longer counted before it does not come back with it.
func (d *Demand) Answered(pods int32, now time.Time, s Settings) {
	if d.over(now, s) {
		d.row = nil
	}
	if n := len(d.row); n > 0 {
		d.row[n-1].over = now
	}
	for len(d.row) > 0 && d.row[len(d.row)-1].pods <= pods {
		d.row = d.row[:len(d.row)-1] // it never counts again: the new one is as large, and later
	}
	d.row = append(d.row, asked{pods: pods})
	d.last, d.failing = now, false
}

// Failed says that a question had no answer that is one.
func (d *Demand) Failed() { d.failing = true }

// over says that the last answer counts no longer, for want of another.
func (d *Demand) over(now time.Time, s Settings) bool {
	return d.failing && !now.Before(d.last.Add(s.KeepLast))
}

// Last is when the newest answer came; zero where none did.
func (d *Demand) Last() time.Time { return d.last }

// Floor is how many Pods the metric asks for, and when that changes if nothing more is heard; zero where it does not.
//
//	answers so far   the last question   since the last answer   floor
//	none             any                 –                       none
//	some             was answered        any                     the largest: the newest, or one that it took the place of at
//	                                                             most Stabilization ago
//	some             failed              up to KeepLast          the same
//	some             failed              longer                  none
func (d *Demand) Floor(now time.Time, s Settings) (pods int32, until time.Time) {
	if len(d.row) == 0 || d.over(now, s) {
		return 0, time.Time{}
	}
	for len(d.row) > 1 && !now.Before(d.row[0].over.Add(s.Stabilization)) {
		d.row = d.row[1:]
	}
	largest := d.row[0]
	if !largest.over.IsZero() {
		until = largest.over.Add(s.Stabilization)
	}
	if end := d.last.Add(s.KeepLast); d.failing && (until.IsZero() || end.Before(until)) {
		until = end
	}
	return largest.pods, until
}
