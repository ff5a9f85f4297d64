package gateway

import (
	"maps"
	"time"
)

const (
	// gather is how long a rise is held back, so that events that come at once make one write.
	gather = 20 * time.Millisecond
	// settle is how long a fall is: nobody waits for it.
	settle = time.Second
	// heartbeat is how often a count is renewed that stays as it is. It counts for scaling.GatewayFresh after each.
	heartbeat = 5 * time.Second
)

// count is how many Pods a replica asks for, in all and of each Revision. What is not of a Revision yet is in all only.
type count struct {
	all int
	of  map[string]int
}

func (c count) same(o count) bool { return c.all == o.all && maps.Equal(c.of, o.of) }

// rises says that more is asked for than before, of all or of a Revision.
func (c count) rises(before count) bool {
	for revision, n := range c.of {
		if n > before.of[revision] {
			return true
		}
	}
	return c.all > before.all
}

// said is what a replica last wrote of a policy.
type said struct {
	count
	at time.Time
}

// due says when a replica writes its count next. since is when the count first differed from what is written.
//
//	the count is        it is written
//	larger              20 ms after it first differed: events that come at once make one write
//	smaller, or other   1 s after it first differed
//	as written, not 0   5 s after the last time, so that others see that this replica lives
//	as written, 0       not at all
func due(now count, last said, since time.Time) (at time.Time, ever bool) {
	switch {
	case now.rises(last.count):
		return since.Add(gather), true
	case !now.same(last.count):
		return since.Add(settle), true
	case now.all > 0:
		return last.at.Add(heartbeat), true
	}
	return time.Time{}, false
}
