package alb

import "cmp"

// gap is the distance that new rules are put at, where there is room: so that others can come between.
const gap = 100

// priorities places rules in an order. Rules that stand keep their priorities as far as they are in the order already; others get a
// free one between their neighbours. Only where there is none between them do neighbours move, and no more of them than make room.
//
// order are the keys of the rules that are wanted, in the order in which they match. now are the priorities of those that stand. taken
// are those that someone else's rules have. A key that has no place in from–to is not in the answer.
func priorities(order []string, now map[string]int, taken map[int]bool, from, to int) map[string]int {
	free := freeNumbers(taken, from, to)
	if len(order) > len(free) {
		order = order[:len(free)]
	}
	rank := map[int]int{} // of a priority among the free ones
	for i, n := range free {
		rank[n] = i
	}
	at := make([]int, len(order)) // the rank of each rule; -1: none yet
	for i := range at {
		at[i] = -1
		if r, ok := rank[now[order[i]]]; ok {
			at[i] = r
		}
	}
	keepRising(at)
	fill(at, len(free))
	placed := make(map[string]int, len(order))
	for i, r := range at {
		placed[order[i]] = free[r]
	}
	return placed
}

func freeNumbers(taken map[int]bool, from, to int) []int {
	var free []int
	for n := max(from, 1); n <= to; n++ {
		if !taken[n] {
			free = append(free, n)
		}
	}
	return free
}

// keepRising keeps a longest rising run of what is placed, and unplaces the rest.
func keepRising(at []int) {
	best, before := make([]int, len(at)), make([]int, len(at))
	last := -1
	for i := range at {
		best[i], before[i] = 1, -1
		if at[i] < 0 {
			best[i] = 0
			continue
		}
		for j := range i {
			if at[j] >= 0 && at[j] < at[i] && best[j]+1 > best[i] {
				best[i], before[i] = best[j]+1, j
			}
		}
		if last < 0 || best[i] > best[last] {
			last = i
		}
	}
	keep := make([]bool, len(at))
	for i := last; i >= 0; i = before[i] {
		keep[i] = true
	}
	for i := range at {
		if !keep[i] {
			at[i] = -1
		}
	}
}

// fill places what is not placed, in runs between those that are. A run that does not fit takes a neighbour into it, on the side where
// there is more room beyond.
func fill(at []int, size int) {
	for i := 0; i < len(at); i++ {
		if at[i] >= 0 {
			continue
		}
		low, high := i, i // the run is at[low:high]
		for {
			for high < len(at) && at[high] < 0 {
				high++
			}
			before, after := -1, size
			if low > 0 {
				before = at[low-1]
			}
			if high < len(at) {
				after = at[high]
			}
			if after-before-1 >= high-low {
				spread(at[low:high], before, after, after == size)
				break
			}
			left, right := before-(low-1), (size-after)-(len(at)-high) // room beyond
			if high == len(at) || low > 0 && left >= right {
				low--
			} else {
				high++
			}
		}
		i = high - 1
	}
}

// spread puts a run between two ranks: evenly, or at the distance of gap behind the first where there is so much room.
func spread(run []int, before, after int, last bool) {
	room := (after - before) / (len(run) + 1)
	if last { // nothing comes behind it
		room = (after - before - 1) / len(run)
	}
	step := max(min(room, gap), 1)
	for i := range run {
		run[i] = before + (i+1)*step
	}
}

// byAddress is the order in which servers are taken.
func byAddress(a, b endpoint) int {
	return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(a.Port, b.Port))
}
