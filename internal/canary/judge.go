package canary

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Verdict is what the answers to a gate say so far.
type Verdict int

// The verdicts.
const (
	Open Verdict = iota
	Passed
	Failed
)

// Judge counts the answers of a gate that is asked up to count times, of which up to limit may be bad. It needs
// 0 ≤ limit < count.
//
//	bad answers    good answers       verdict
//	> limit        any                Failed
//	≤ limit        ≥ count − limit    Passed: the rest could not change it
//	≤ limit        < count − limit    Open
func Judge(count, limit, good, bad int) Verdict {
	switch {
	case bad > limit:
		return Failed
	case good >= count-limit:
		return Passed
	}
	return Open
}

// BadStatus says what is wrong with the status of an answer, or nothing. Without wanted ones, 200–299 are good.
func BadStatus(status int, wanted []int64) string {
	switch {
	case len(wanted) == 0 && (status < 200 || status > 299):
		return fmt.Sprintf("status %d, and 200–299 are wanted", status)
	case len(wanted) > 0 && !slices.Contains(wanted, int64(status)):
		return fmt.Sprintf("status %d, and %v is wanted", status, wanted)
	}
	return ""
}

// Sample is one value of a metric, with the series that it belongs to.
type Sample struct {
	Series string
	Value  float64
}

// BadSamples says what is wrong with the result of a query, or nothing: each value has to be within the bounds, ends
// included; nil is no bound.
//
//	result                     verdict
//	no value                   bad: nothing was measured, and nothing is not zero
//	a value that is no number  bad: 0/0, as of a rate without requests
//	a value out of bounds      bad
//	all values within          good
func BadSamples(samples []Sample, low, high *float64) string {
	if len(samples) == 0 {
		return "the query gave no value"
	}
	for _, s := range samples {
		value := strconv.FormatFloat(s.Value, 'g', 6, 64)
		if s.Series != "" {
			value = s.Series + " " + value
		}
		switch {
		case math.IsNaN(s.Value):
			return value + ", which is no number"
		case low != nil && s.Value < *low:
			return fmt.Sprintf("%s, and at least %g is wanted", value, *low)
		case high != nil && s.Value > *high:
			return fmt.Sprintf("%s, and at most %g is wanted", value, *high)
		}
	}
	return ""
}
