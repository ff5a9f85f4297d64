package main

import (
	"context"
	"fmt"
	"math"
	"strings"
)

const (
	requests = 1000
	// tolerance is how far an observed share may be from the one asked for, in percent points: more than three standard
	// deviations of a split by chance at 1000 requests, had the ingress one.
	tolerance = 3
)

// step is one change that the demo applies.
type step struct {
	title, release string
	split          map[string]int
}

var story = []step{
	{"v1 goes up, and takes all requests", "v1", map[string]int{"v1": 100}},
	{"v2 ships as a canary: 30 % of the requests", "v2", map[string]int{"v1": 70, "v2": 30}},
	{"v2 is good: promotion", "v2", map[string]int{"v2": 100}},
	{"v2 was not so good after all: rollback", "v2", map[string]int{"v1": 100}},
}

// canary plays the main job: v1 up, v2 as a 70/30 canary whose split is counted on real requests, promotion, rollback.
func canary(ctx context.Context, t *theater) error {
	var picture []frame
	for _, s := range story {
		f, err := tell(ctx, t.tf, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		picture = append(picture, f)
	}
	headline("The split as it moved (%d requests a step)", requests)
	fmt.Print(draw(picture))
	return nil
}

// tell applies a step, sees that nothing is left to do, and counts requests.
func tell(ctx context.Context, tf *stage, s step) (frame, error) {
	headline("%s", s.title)
	if err := tf.apply(ctx, s.variables()); err != nil {
		return frame{}, err
	}
	if err := tf.planIsEmpty(ctx); err != nil {
		return frame{}, err
	}
	answers, err := tf.sample(ctx, requests)
	if err != nil {
		return frame{}, err
	}
	f := frame{title: s.title, percent: map[string]float64{}}
	for answer, n := range answers {
		release := strings.TrimSuffix(strings.TrimPrefix(answer, "Hello hello-"), "!")
		f.percent[release] = 100 * float64(n) / requests
	}
	fmt.Printf("\n%d requests to %s:\n%s", requests, tf.url, draw([]frame{f}))
	return f, holds(f, s.split)
}

func (s step) variables() map[string]any {
	return map[string]any{"release": s.release, "split": s.split}
}

// holds compares what was observed with what was asked for. A release without a share may not answer once.
func holds(f frame, want map[string]int) error {
	for release, percent := range f.percent {
		if want[release] == 0 && percent > 0 {
			return fmt.Errorf("%s has no share and answered %.1f %% of the requests", release, percent)
		}
	}
	for release, percent := range want {
		if math.Abs(f.percent[release]-float64(percent)) > tolerance {
			return fmt.Errorf("%s has %d %% and answered %.1f %% of the requests", release, percent, f.percent[release])
		}
	}
	return nil
}
