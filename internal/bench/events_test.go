package main

import (
	"errors"
	"testing"
	"time"
)

// TestWeigh holds the verdict of a burst to what a reader would say.
func TestWeigh(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	event := func(pod string, done float64) eventAnswer { return eventAnswer{pod: pod, sent: start, done: at(done)} }
	for name, c := range map[string]struct {
		answers []eventAnswer
		ready   map[string]time.Time
		want    eventsOutcome
	}{
		"each in its Pod, as soon as it is Ready": {[]eventAnswer{event("a", 3), event("b", 4)}, map[string]time.Time{"a": at(1), "b": at(2)}, eventsOutcome{used: 2}},
		"one after the other in one Pod":          {[]eventAnswer{event("a", 3), event("a", 5)}, map[string]time.Time{"a": at(1)}, eventsOutcome{used: 1}},
		"two in one Pod at once":                  {[]eventAnswer{event("a", 3), event("a", 4)}, map[string]time.Time{"a": at(1)}, eventsOutcome{used: 1, shared: 1}},
		"one waits beside an idle Pod":            {[]eventAnswer{event("a", 3), event("a", 5)}, map[string]time.Time{"a": at(1), "b": at(2)}, eventsOutcome{used: 1, beside: 1}},
		"one is lost":                             {[]eventAnswer{event("a", 3), {err: errors.New("502")}}, map[string]time.Time{"a": at(1)}, eventsOutcome{used: 1, lost: 1}},
	} {
		if got := weigh(c.answers, c.ready); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
