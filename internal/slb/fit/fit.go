// Package fit finds server weights for a split where only servers can be weighted, not groups of them.
package fit

import (
	"cmp"
	"math"
	"slices"
)

// Most is the largest weight of a server.
const Most = 100

// Tolerance is how far from its percent a part may be, in percentage points, before servers are left idle to come closer.
const Tolerance = 0.5

// Part is a part of a split.
type Part struct {
	Percent int // of all requests
	Servers int // how many can take them
}

// Weight is what each of a part's servers gets: the first Used of them Each, and the rest 0.
type Weight struct {
	Used, Each int
}

// Weights fits weights from 0 to Most to a split: those whose shares come closest, by the largest distance of a part, among those
// without idle servers; and if that is more than the Tolerance, the closest with as few idle servers as that takes.
//
// A part's share is Used·Each over the sum of all. With weights w for two parts, the ratio of two shares is within [1/100, 100] per
// server, so a part of few percent with many servers needs idle ones: 90 % on one server and 10 % on fifty are 99 for the one, and
// 1 for eleven of the fifty. Parts without a percent, or without servers, get nothing.
func Weights(parts []Part) []Weight {
	weights := make([]Weight, len(parts))
	var live []Part
	var index []int
	for i, p := range parts {
		if p.Percent > 0 && p.Servers > 0 {
			live, index = append(live, p), append(index, i)
		}
	}
	if len(live) == 0 {
		return weights
	}
	best := search(live, false)
	if best.miss > Tolerance {
		if idle := search(live, true); idle.better(best) {
			best = idle
		}
	}
	for i, w := range best.weights {
		weights[index[i]] = w
	}
	return weights
}

// Shares gives what weights reach, in percent.
func Shares(weights []Weight) []float64 {
	shares, sum := make([]float64, len(weights)), 0
	for _, w := range weights {
		sum += w.Used * w.Each
	}
	if sum == 0 {
		return shares
	}
	for i, w := range weights {
		shares[i] = 100 * float64(w.Used*w.Each) / float64(sum)
	}
	return shares
}

// candidate is one try, and how good it is.
type candidate struct {
	weights []Weight
	miss    float64 // the largest distance of a share from its percent, in points
	idle    int
}

// better compares by distance, coarsely, then by idle servers, then by distance, then by the sum of weights: smaller ones change less
// when a server comes or goes.
func (c candidate) better(than candidate) bool {
	coarse := func(miss float64) float64 { return math.Ceil(miss*4) / 4 }
	return cmp.Or(
		cmp.Compare(coarse(c.miss), coarse(than.miss)),
		cmp.Compare(c.idle, than.idle),
		cmp.Compare(math.Round(c.miss*1e9), math.Round(than.miss*1e9)),
		cmp.Compare(c.sum(), than.sum()),
	) < 0
}

func (c candidate) sum() int {
	sum := 0
	for _, w := range c.weights {
		sum += w.Each
	}
	return sum
}

func rate(parts []Part, weights []Weight) candidate {
	c := candidate{weights: weights}
	total := 0
	for _, p := range parts {
		total += p.Percent
	}
	for i, share := range Shares(weights) {
		c.miss = max(c.miss, math.Abs(share-100*float64(parts[i].Percent)/float64(total)))
		c.idle += parts[i].Servers - weights[i].Used
	}
	return c
}

// search tries all scales at which a weight changes, and improves on the best few by steps of one.
//
// At a scale t a part's servers should have t·percent/servers each. The weights change where one of these passes a half, so between
// two such scales all tries are the same: 100 scales a part are all there are.
func search(parts []Part, idle bool) candidate {
	var scales []float64
	for _, p := range parts {
		each := float64(p.Percent) / float64(p.Servers)
		for w := 1; w <= Most; w++ {
			scales = append(scales, float64(w)/each, (float64(w)-0.5)/each, (float64(w)+0.499)/each)
			if idle { // scales at which one server less takes what is over
				scales = append(scales, float64(w)/float64(p.Percent))
			}
		}
	}
	slices.Sort(scales)
	var best []candidate
	for _, t := range slices.Compact(scales) {
		if c, ok := at(parts, t, idle); ok {
			best = keep(best, c)
		}
	}
	best = keep(best, even(parts))
	top := best[0]
	for _, c := range best {
		if c = improve(parts, c, idle); c.better(top) {
			top = c
		}
	}
	return top
}

// few is how many tries are improved on.
const few = 8

func keep(best []candidate, c candidate) []candidate {
	i, _ := slices.BinarySearchFunc(best, c, func(a, b candidate) int {
		if a.better(b) {
			return -1
		}
		return 1
	})
	best = slices.Insert(best, i, c)
	return best[:min(len(best), few)]
}

// even is the try that is always there: all servers alike.
func even(parts []Part) candidate {
	weights := make([]Weight, len(parts))
	for i, p := range parts {
		weights[i] = Weight{p.Servers, 1}
	}
	return rate(parts, weights)
}

// at makes the weights of a scale, or says that they are out of range.
func at(parts []Part, t float64, idle bool) (candidate, bool) {
	weights := make([]Weight, len(parts))
	for i, p := range parts {
		want := t * float64(p.Percent) // of all the part's servers together
		each := int(math.Round(want / float64(p.Servers)))
		if each > Most {
			return candidate{}, false
		}
		w := Weight{p.Servers, max(each, 1)}
		if idle {
			w.Used = min(p.Servers, max(1, int(math.Round(want/float64(w.Each)))))
		}
		weights[i] = w
	}
	return rate(parts, weights), true
}

// improve goes to better neighbours until there is none.
func improve(parts []Part, c candidate, idle bool) candidate {
	for {
		top := c
		for i := range parts {
			for _, step := range []Weight{{0, 1}, {0, -1}, {1, 0}, {-1, 0}} {
				next := Weight{c.weights[i].Used + step.Used, c.weights[i].Each + step.Each}
				if next.Each < 1 || next.Each > Most || next.Used < 1 || next.Used > parts[i].Servers || step.Used != 0 && !idle {
					continue
				}
				weights := slices.Clone(c.weights)
				weights[i] = next
				if n := rate(parts, weights); n.better(top) {
					top = n
				}
			}
		}
		if !top.better(c) {
			return c
		}
		c = top
	}
}
