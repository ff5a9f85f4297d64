package balancer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// poller waits for states. The APIs have nothing to watch, so it asks: soon at first, then ever more seldom.
type poller struct {
	report func(string)
}

// pace is from a twentieth of a second to three seconds.
func pace() wait.Backoff {
	return wait.Backoff{Duration: 50 * time.Millisecond, Factor: 1.5, Jitter: 0.1, Steps: 64, Cap: 3 * time.Second}
}

// until looks until it is done, with what it sees in words. Each change of these words is reported.
func (p poller) until(ctx context.Context, what string, look func() (done bool, seen string, err error)) error {
	pause, said := pace(), ""
	for {
		done, seen, err := look()
		if err != nil || done {
			return err
		}
		if seen != said {
			p.report(what + ": " + seen)
			said = seen
		}
		timer := time.NewTimer(pause.Step())
		select {
		case <-ctx.Done():
			timer.Stop()
			return &WaitError{What: what, Last: said, Late: errors.Is(ctx.Err(), context.DeadlineExceeded)}
		case <-timer.C:
		}
	}
}

// WaitError is the end of a wait before it was over.
type WaitError struct {
	What, Last string
	Late       bool // its time was up; else it was interrupted
}

func (e *WaitError) Error() string {
	why := "interrupted while waiting for"
	if e.Late {
		why = "not in time:"
	}
	return fmt.Sprintf("%s %s; last seen: %s", why, e.What, e.Last)
}
