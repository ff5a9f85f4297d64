package wire

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a rate of calls of one action by one key.
type Limit struct {
	PerSecond float64 // 0: no limit
	Burst     int
}

// throttle counts the calls of each action and key.
type throttle struct {
	read, write Limit

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func (t *throttle) admit(c *Call, now time.Time) error {
	limit := t.read
	if c.action.Write {
		limit = t.write
	}
	if limit.PerSecond == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limiters == nil {
		t.limiters = map[string]*rate.Limiter{}
	}
	name := c.Key.ID + " " + c.Product + " " + c.Action
	if t.limiters[name] == nil {
		t.limiters[name] = rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
	}
	if t.limiters[name].AllowN(now, 1) {
		return nil
	}
	return throttled()
}

func throttled() *Error {
	return Refuse("Throttling.User", "Request was denied due to user flow control.")
}
