package fit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/fit"
)

type (
	part   = fit.Part
	weight = fit.Weight
)

// The cases that are published as what a CLB can and cannot do.
func TestWeights(t *testing.T) {
	for name, test := range map[string]struct {
		parts []part
		want  []weight
	}{
		"70/30 on 3:1":                {[]part{{70, 3}, {30, 1}}, []weight{{3, 7}, {1, 9}}},
		"70/30 on 50:3":               {[]part{{70, 50}, {30, 3}}, []weight{{50, 7}, {3, 50}}},
		"70/30 on 100:100":            {[]part{{70, 100}, {30, 100}}, []weight{{100, 7}, {100, 3}}},
		"70/30 on 1:1":                {[]part{{70, 1}, {30, 1}}, []weight{{1, 7}, {1, 3}}},
		"90/10 on 1:50, with idle":    {[]part{{90, 1}, {10, 50}}, []weight{{1, 99}, {11, 1}}},
		"99/1 on 1:10, with idle":     {[]part{{99, 1}, {1, 10}}, []weight{{1, 99}, {1, 1}}},
		"all on one":                  {[]part{{100, 5}}, []weight{{5, 1}}},
		"nothing for one":             {[]part{{100, 5}, {0, 3}}, []weight{{5, 1}, {0, 0}}},
		"one without servers":         {[]part{{70, 2}, {30, 0}}, []weight{{2, 1}, {0, 0}}},
		"none":                        {nil, []weight{}},
		"three":                       {[]part{{50, 1}, {30, 1}, {20, 1}}, []weight{{1, 5}, {1, 3}, {1, 2}}},
		"three, unequal":              {[]part{{50, 5}, {30, 2}, {20, 4}}, []weight{{5, 2}, {2, 3}, {4, 1}}},
		"three, exact with some idle": {[]part{{40, 1}, {40, 27}, {20, 50}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := fit.Weights(test.parts)
			if test.want == nil {
				if miss := missOf(test.parts, got); miss > fit.Tolerance {
					t.Fatalf("%v misses by %.2f points", got, miss)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func missOf(parts []part, weights []weight) float64 {
	miss, total := 0.0, 0
	for _, p := range parts {
		total += p.Percent
	}
	for i, share := range fit.Shares(weights) {
		miss = max(miss, math.Abs(share-100*float64(parts[i].Percent)/float64(total)))
	}
	return miss
}

// Without idle servers no weights at all are closer than these by a quarter of a point, and with two parts none by anything; with
// idle ones they are never farther off than without. Exhaustive over all weights of two parts, and of three up to a bound.
func TestNoneIsCloser(t *testing.T) {
	rand := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		p := 1 + rand.IntN(99)
		parts := []part{{p, 1 + rand.IntN(60)}, {100 - p, 1 + rand.IntN(60)}}
		closest(t, parts, 100, 0.25)
	}
	for range 10 {
		a := 1 + rand.IntN(98)
		b := 1 + rand.IntN(99-a)
		parts := []part{{a, 1 + rand.IntN(9)}, {b, 1 + rand.IntN(9)}, {100 - a - b, 1 + rand.IntN(9)}}
		closest(t, parts, 100, 0.25)
	}
}

func closest(t *testing.T, parts []part, most int, slack float64) {
	t.Helper()
	got := fit.Weights(parts)
	best := math.Inf(1)
	weights := make([]weight, len(parts))
	var try func(i int)
	try = func(i int) {
		if i == len(parts) {
			best = min(best, missOf(parts, weights))
			return
		}
		for w := 1; w <= most; w++ {
			weights[i] = weight{parts[i].Servers, w}
			try(i + 1)
		}
	}
	try(0)
	if miss := missOf(parts, got); miss > best+slack {
		t.Fatalf("%v: %v misses by %.4f points, and the best without idle servers by %.4f", parts, got, miss, best)
	}
}

// Whatever the split, with two to five parts of up to 50 servers each, no share is off by more than a point, and weights stay in range.
func TestBound(t *testing.T) {
	rand := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		left := 100
		var parts []part
		for n := 2 + rand.IntN(4); n > 1 && left > n; n-- {
			p := 1 + rand.IntN(left-n+1)
			parts, left = append(parts, part{p, 1 + rand.IntN(50)}), left-p
		}
		parts = append(parts, part{left, 1 + rand.IntN(50)})
		got := fit.Weights(parts)
		for i, w := range got {
			if w.Each < 1 || w.Each > fit.Most || w.Used < 1 || w.Used > parts[i].Servers {
				t.Fatalf("%v: %v is out of range", parts, got)
			}
		}
		if miss := missOf(parts, got); miss > 1 {
			t.Fatalf("%v: %v misses by %.2f points", parts, got, miss)
		}
	}
}
