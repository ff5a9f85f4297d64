package plane

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Health is what a check has found about a backend.
type Health string

// A backend is Initial until enough probes went one way; it gets no requests before it is Healthy. Unavailable is the health
// of all backends where nothing is checked; they get requests.
const (
	Initial     Health = "Initial"
	Healthy     Health = "Healthy"
	Unhealthy   Health = "Unhealthy"
	Unavailable Health = "Unavailable"
)

// CheckConfig is how backends are probed.
type CheckConfig struct {
	Protocol           string // TCP, HTTP, HTTPS or gRPC
	Method, Host, Path string // of HTTP and HTTPS
	Codes              []string
	Port               int // 0: the backend's
	Interval, Timeout  time.Duration
	Rise, Fall         int // probes in a row that make healthy and unhealthy
}

// Check probes the backends of a pool from time to time, while it is active.
type Check struct {
	pool *Pool
	wake chan struct{}

	// All below is guarded by the pool's lock.
	config *CheckConfig // nil: nothing is checked
	states map[*backend]*state
	stop   context.CancelFunc
}

type state struct {
	health Health
	streak int // good probes in a row, or bad ones if negative
	reason string
}

// NewCheck makes a check of a pool that checks nothing yet.
func (p *Pool) NewCheck() *Check {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &Check{pool: p, wake: make(chan struct{}, 1), states: map[*backend]*state{}}
	p.checks = append(p.checks, c)
	return c
}

// Set changes what is checked; nil checks nothing. Backends keep the health they have, if there was a check before.
func (c *Check) Set(config *CheckConfig) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if config == nil || c.config == nil {
		clear(c.states)
	}
	c.config = config
	c.kick()
}

// Activate begins or ends to probe; who begins knows nothing. Nothing is probed that nothing uses.
func (c *Check) Activate(active bool) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	switch {
	case active && c.stop == nil:
		clear(c.states)
		ctx, cancel := context.WithCancel(context.Background())
		c.stop = cancel
		go c.loop(ctx)
	case !active && c.stop != nil:
		c.stop()
		c.stop = nil // what it found stays for requests that have chosen the pool and are about to choose a backend
	}
}

// Close ends the check for good.
func (c *Check) Close() {
	c.Activate(false)
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.pool.checks = slices.DeleteFunc(c.pool.checks, func(o *Check) bool { return o == c })
}

// Health gives the health of the pool's backends by ID, and why it is not Healthy.
func (c *Check) Health() map[string]struct{ Health, Reason string } {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	all := map[string]struct{ Health, Reason string }{}
	for _, b := range c.pool.backends {
		found := struct{ Health, Reason string }{string(Unavailable), ""}
		if c.config != nil {
			s := c.state(b)
			found.Health, found.Reason = string(s.health), s.reason
		}
		all[b.ID] = found
	}
	return all
}

// healthy is asked with the pool locked. No check at all, or one that checks nothing, finds everything healthy.
func (c *Check) healthy(b *backend) bool {
	return c == nil || c.config == nil || c.state(b).health == Healthy
}

func (c *Check) state(b *backend) *state {
	if c.states[b] == nil {
		c.states[b] = &state{health: Initial}
	}
	return c.states[b]
}

func (c *Check) kick() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// loop probes all backends, and again after each interval, or as soon as the pool or the check has changed.
func (c *Check) loop(ctx context.Context) {
	for ctx.Err() == nil {
		interval := c.round(ctx)
		timer := c.pool.clock.NewTimer(interval)
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-timer.C():
		}
		timer.Stop()
	}
}

// idle is how often a check that checks nothing looks whether it should.
const idle = time.Minute

func (c *Check) round(ctx context.Context) time.Duration {
	c.pool.mu.Lock()
	config, addresses := c.config, map[*backend]string{}
	for _, b := range c.pool.backends {
		addresses[b] = b.Address
	}
	c.forget()
	c.pool.mu.Unlock()
	if config == nil {
		return idle
	}
	var all sync.WaitGroup
	for b, address := range addresses {
		all.Go(func() {
			err := config.probe(ctx, address)
			if ctx.Err() == nil {
				c.note(b, config, err)
			}
		})
	}
	all.Wait()
	return config.Interval
}

// forget drops what is known of backends that are gone.
func (c *Check) forget() {
	for b := range c.states {
		if !slices.Contains(c.pool.backends, b) {
			delete(c.states, b)
		}
	}
}

// note counts a probe.
//
//	health     probe   after
//	Initial    good    Healthy after Rise in a row
//	Initial    bad     Unhealthy after Fall in a row
//	Healthy    bad     Unhealthy after Fall in a row
//	Unhealthy  good    Healthy after Rise in a row
func (c *Check) note(b *backend, config *CheckConfig, err error) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	s := c.state(b)
	good := err == nil
	if !good {
		s.reason = err.Error()
	}
	switch {
	case good && s.health == Healthy, !good && s.health == Unhealthy:
		s.streak = 0
		return
	}
	if good {
		s.streak = max(s.streak, 0) + 1
	} else {
		s.streak = min(s.streak, 0) - 1
	}
	switch {
	case s.streak >= config.Rise:
		*s = state{health: Healthy}
	case -s.streak >= config.Fall:
		*s = state{health: Unhealthy, reason: s.reason}
	}
}
