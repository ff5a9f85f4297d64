// Package gate asks what a canary has to pass before it gets more traffic: an answer over HTTP, a value in Prometheus.
package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
)

// Check is one question. What it saw is for a person, and holds no secret.
type Check interface {
	Ask(ctx context.Context) (saw string, good bool)
	fmt.Stringer
}

// Gate is a check and how often it has to hold.
type Gate struct {
	Name string
	Check
	// Count is how often it is asked at the most, at least 1; FailureLimit how many of the answers may be bad, less than Count.
	Count, FailureLimit int
	// Interval is the time between two questions.
	Interval time.Duration
}

// FailedError says which gate failed, and on what.
type FailedError struct {
	Gate, Check string
	// Bad of Asked answers were bad, and Limit of them might have been.
	Bad, Asked, Limit int
	// Saw is the last bad answer.
	Saw string
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("the gate %q failed: %s: %s (%d of %d answers were bad, and at most %d may be)", e.Gate, e.Check, e.Saw, e.Bad, e.Asked, e.Limit)
}

// Pass asks until the gate has passed, and reports each answer. It returns a *FailedError, or the context's error where that
// ended first.
func (g *Gate) Pass(ctx context.Context, report func(string)) error {
	good, bad, last := 0, 0, ""
	for {
		saw, ok := g.Ask(ctx)
		if ctx.Err() != nil {
			return ctx.Err() // whatever it saw, it is for want of time
		}
		if ok {
			good++
		} else {
			bad, last = bad+1, saw
		}
		report(fmt.Sprintf("gate %q, answer %d of %d: %s", g.Name, good+bad, g.Count, saw))
		switch canary.Judge(g.Count, g.FailureLimit, good, bad) {
		case canary.Passed:
			return nil
		case canary.Failed:
			return &FailedError{g.Name, g.Check.String(), bad, good + bad, g.FailureLimit, last}
		case canary.Open:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(g.Interval):
		}
	}
}
