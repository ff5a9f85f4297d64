package scaling

import (
	"context"
	"testing"
	"time"
)

// TestClockJump: a clock that is set has everything looked at again, forward and back; one that goes on does not.
func TestClockJump(t *testing.T) {
	for name, tc := range map[string]struct {
		set  time.Duration
		want int
	}{"forward": {time.Hour, 1}, "back": {-time.Hour, 1}, "not at all": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			start, set := time.Now(), time.Duration(0)
			b := newBench(t)
			b.Now = func() time.Time { return nine.Add(time.Since(start) + set) }
			ctx, stop := context.WithCancel(t.Context())
			look, jumps, done := make(chan time.Time), 0, make(chan struct{})
			go func() {
				defer close(done)
				b.watchClock(ctx, look, func() { jumps++ })
			}()
			look <- start // after it, the watch has seen the clock
			look <- start
			set = tc.set
			look <- start
			look <- start
			stop()
			<-done
			if jumps != tc.want {
				t.Errorf("%d jumps, want %d", jumps, tc.want)
			}
		})
	}
}
