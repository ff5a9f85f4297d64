package dispatch

import (
	"slices"
)

// Share is a Revision's part of the events.
type Share struct {
	Revision string
	// Percent is of all events, 0 to 100.
	Percent int
}

// split deals events out to Revisions: in any row of 100 each gets its percent exactly, and evenly spread (smooth weighted round robin).
type split struct {
	shares []Share
	credit []int
}

// set says whether anything changed.
func (s *split) set(shares []Share) bool {
	shares = slices.DeleteFunc(slices.Clone(shares), func(s Share) bool { return s.Percent <= 0 })
	if slices.Equal(s.shares, shares) {
		return false
	}
	s.shares, s.credit = shares, make([]int, len(shares))
	return true
}

// next is whose turn it is; "" while nobody has a share.
func (s *split) next() string {
	if len(s.shares) == 0 {
		return ""
	}
	best, sum := 0, 0
	for i, share := range s.shares {
		s.credit[i] += share.Percent
		sum += share.Percent
		if s.credit[i] > s.credit[best] {
			best = i
		}
	}
	s.credit[best] -= sum
	return s.shares[best].Revision
}

func (s *split) has(revision string) bool {
	return slices.ContainsFunc(s.shares, func(s Share) bool { return s.Revision == revision })
}

// assign gives events that wait for a Revision without a share to those that have one. All keep their order.
func (l *Line) assign() {
	waiting := l.inOrder()
	clear(l.waiting)
	for _, e := range waiting {
		if !l.split.has(e.revision) {
			e.revision = l.split.next()
		}
		e.place = l.line(e.revision).PushBack(e)
	}
}

// inOrder are the events that wait, in the order of arrival.
func (l *Line) inOrder() []*event {
	var out []*event
	for _, line := range l.waiting {
		for at := line.Front(); at != nil; at = at.Next() {
			out = append(out, at.Value.(*event))
		}
	}
	slices.SortFunc(out, func(a, b *event) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return out
}
