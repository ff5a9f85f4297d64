package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleepUntil is more exact than time.Sleep, which in a process that is at rest is up to a millisecond late: Go's poller waits by whole
// milliseconds. That would be measured as the latency of whoever answers.
func sleepUntil(at time.Time) {
	for d := time.Until(at); d > 0; d = time.Until(at) {
		ts := unix.NsecToTimespec(d.Nanoseconds())
		_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil) // interrupted by a signal, it goes on
	}
}
