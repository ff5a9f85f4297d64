package gateway

import "time"

const (
	// gather is how long a rise is held back, so that events that come at once make one write.
	gather = 20 * time.Millisecond
	// settle is how long a fall is: nobody waits for it.
	settle = time.Second
	// heartbeat is how often a count is renewed that stays as it is. It counts for scaling.GatewayFresh after each.
	heartbeat = 5 * time.Second
)

// said is what a replica last wrote of a policy.
type said struct {
	count int
	at    time.Time
}

// due says when a replica writes its count next. since is when the count first differed from what is written.
//
//	the count is        it is written
//	larger              20 ms after it first differed: events that come at once make one write
//	smaller             1 s after it first differed
//	as written, not 0   5 s after the last time, so that others see that this replica lives
//	as written, 0       not at all
func due(count int, last said, since time.Time) (at time.Time, ever bool) {
	switch {
	case count > last.count:
		return since.Add(gather), true
	case count < last.count:
		return since.Add(settle), true
	case count > 0:
		return last.at.Add(heartbeat), true
	}
	return time.Time{}, false
}
