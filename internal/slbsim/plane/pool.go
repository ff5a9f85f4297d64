package plane

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Protocol is how a pool's backends are spoken to.
type Protocol string

// The protocols of pools and fronts.
const (
	HTTP  Protocol = "HTTP"
	HTTPS Protocol = "HTTPS"
	GRPC  Protocol = "gRPC" // HTTP/2 without TLS
	TCP   Protocol = "TCP"
)

// Backend is one server of a pool.
type Backend struct {
	ID      string // unique in the pool, and the same through changes of weight
	Address string // host:port
	Weight  int    // 0–100; 0 takes no new requests
	Leaving bool   // takes no new requests, and is about to be removed
}

// PoolConfig is what a pool is made of.
type PoolConfig struct {
	Protocol  Protocol
	Scheduler string        // Wrr (also the empty one), Wlc, or Sch by the client's address
	Drain     time.Duration // how long flows of a removed backend may go on; 0 cuts them at once
	Backends  []Backend
}

// Pool spreads requests over backends.
type Pool struct {
	clock clock.Clock

	mu       sync.Mutex
	protocol Protocol
	schedule string
	drain    time.Duration
	backends []*backend
	checks   []*Check
}

// backend is a Backend with what the plane knows about it.
type backend struct {
	Backend
	credit int // smooth weighted round robin's
	flows  map[*flow]struct{}
}

// flow is a request or a connection under way to a backend.
type flow struct {
	address  string
	protocol Protocol
	cancel   context.CancelCauseFunc
}

// Why a pool cannot serve; the proxy makes status codes of them.
var (
	errNoBackend = errors.New("no backend with a weight above 0")
	errUnhealthy = errors.New("no healthy backend")
	errRemoved   = errors.New("the backend was removed, and its time to drain is over")
)

// NewPool makes an empty pool.
func NewPool(c clock.Clock) *Pool { return &Pool{clock: c, protocol: HTTP} }

// Set changes the pool to a configuration. Flows of backends that are gone from it drain.
func (p *Pool) Set(config PoolConfig) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.protocol, p.schedule, p.drain = config.Protocol, config.Scheduler, config.Drain
	old := p.backends
	p.backends = nil
	changed := len(old) != len(config.Backends)
	for _, want := range config.Backends {
		b := &backend{flows: map[*flow]struct{}{}}
		if i := slices.IndexFunc(old, func(b *backend) bool { return b.ID == want.ID }); i >= 0 {
			b = old[i]
		}
		changed = changed || b.Weight != want.Weight || b.Leaving != want.Leaving
		b.Backend = want
		p.backends = append(p.backends, b)
	}
	for _, b := range old {
		if !slices.Contains(p.backends, b) {
			p.retire(b)
		}
	}
	if changed {
		for _, b := range p.backends {
			b.credit = 0 // an old debt would skew the new weights
		}
		for _, c := range p.checks {
			c.kick()
		}
	}
}

// retire ends a backend's flows when their time to drain is over.
func (p *Pool) retire(b *backend) {
	if p.drain <= 0 {
		b.cut()
		return
	}
	go func(over <-chan time.Time) {
		<-over
		p.mu.Lock()
		defer p.mu.Unlock()
		b.cut()
	}(p.clock.After(p.drain))
}

func (b *backend) cut() {
	for f := range b.flows {
		f.cancel(errRemoved)
	}
}

// take chooses a backend for a client, and counts the flow until release.
//
//	with weight, not leaving  of those healthy by the check
//	none                      –                               errNoBackend
//	some                      none                            errUnhealthy
//	some                      some                            by the scheduler
func (p *Pool) take(check *Check, client string, cancel context.CancelCauseFunc) (f *flow, release func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var able, healthy []*backend
	for _, b := range p.backends {
		if b.Weight == 0 || b.Leaving {
			continue
		}
		able = append(able, b)
		if check.healthy(b) {
			healthy = append(healthy, b)
		}
	}
	switch {
	case len(able) == 0:
		return nil, nil, errNoBackend
	case len(healthy) == 0:
		return nil, nil, errUnhealthy
	}
	b := p.choose(healthy, client)
	f = &flow{b.Address, p.protocol, cancel}
	b.flows[f] = struct{}{}
	return f, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(b.flows, f)
	}, nil
}

func (p *Pool) choose(from []*backend, client string) *backend {
	switch p.schedule {
	case "Wlc": // the fewest flows for its weight
		return slices.MinFunc(from, func(a, b *backend) int { return len(a.flows)*b.Weight - len(b.flows)*a.Weight })
	case "Sch":
		h := fnv.New32a()
		_, _ = h.Write([]byte(client))                // a hash takes everything
		return from[int(h.Sum32()%uint32(len(from)))] //nolint:gosec // a few backends
	}
	return smooth(from, func(b *backend) (int, *int) { return b.Weight, &b.credit })
}

// smooth is nginx's smooth weighted round robin: in each sum-of-weights choices, each item is chosen as often as its weight,
// and as evenly between as can be.
func smooth[T any](items []T, of func(T) (weight int, credit *int)) T {
	total, best := 0, 0
	for i, item := range items {
		weight, credit := of(item)
		total += weight
		*credit += weight
		if _, most := of(items[best]); *credit > *most {
			best = i
		}
	}
	_, credit := of(items[best])
	*credit -= total
	return items[best]
}

// Flows gives how many flows each backend has, by its ID.
func (p *Pool) Flows() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	flows := map[string]int{}
	for _, b := range p.backends {
		flows[b.ID] = len(b.flows)
	}
	return flows
}
