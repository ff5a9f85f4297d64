package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scripted answers from a list: "" is good.
type scripted struct {
	answers []string
	took    time.Duration
}

func (s *scripted) String() string { return "the script" }

func (s *scripted) Ask(ctx context.Context) (string, bool) {
	select {
	case <-ctx.Done():
	case <-time.After(s.took):
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	return next, next == ""
}

func TestPass(t *testing.T) {
	for name, tc := range map[string]struct {
		answers      []string
		count, limit int
		asked        int
		says         string // of the failure, "" where it passes
		took         time.Duration
	}{
		"once":                  {[]string{""}, 1, 0, 1, "", time.Second},
		"thrice":                {[]string{"", "", ""}, 3, 0, 3, "", 23 * time.Second},
		"the first is bad":      {[]string{"no"}, 3, 0, 1, `the gate "g" failed: the script: no (1 of 1 answers were bad, and at most 0 may be)`, time.Second},
		"one may be bad":        {[]string{"no", "", ""}, 3, 1, 3, "", 23 * time.Second},
		"until one is good":     {[]string{"no", "no", ""}, 5, 4, 3, "", 23 * time.Second},
		"two are bad":           {[]string{"no", "", "never"}, 4, 1, 3, "never (2 of 3 answers were bad, and at most 1 may be)", 23 * time.Second},
		"enough is enough":      {[]string{"", ""}, 3, 1, 2, "", 12 * time.Second},
		"none is good in three": {[]string{"a", "b", "c"}, 3, 2, 3, "c (3 of 3", 23 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, reports := time.Now(), 0
				g := Gate{Name: "g", Check: &scripted{tc.answers, time.Second}, Count: tc.count, FailureLimit: tc.limit, Interval: 10 * time.Second}
				err := g.Pass(t.Context(), func(string) { reports++ })
				if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %v, want %q", err, tc.says)
				}
				if took := time.Since(begin); took != tc.took || reports != tc.asked {
					t.Errorf("asked %d times in %s, want %d in %s", reports, took, tc.asked, tc.took)
				}
			})
		})
	}
}

// Whoever is told to stop has not seen a gate fail: neither while it asks nor between two questions.
func TestPassInterrupted(t *testing.T) {
	for _, after := range []time.Duration{500 * time.Millisecond, 5 * time.Second} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				g := Gate{Check: &scripted{[]string{"no", "no"}, time.Second}, Count: 2, FailureLimit: 1, Interval: 10 * time.Second}
				if err := g.Pass(ctx, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
