package plane

import (
	"net/http"
	"sync"

	"golang.org/x/time/rate"
)

// Route says what is done with requests that match. Routes are tried in order; a nil Match matches everything.
type Route struct {
	ID     string
	Match  func(*http.Request) bool
	Limit  *rate.Limiter         // requests above it are answered with 503
	Edit   []func(*http.Request) // what is changed before a request goes on, in order
	Answer http.Handler          // answers by itself, such as a redirect; nil goes to the spread
	Spread *Spread
}

// Spread shares requests among targets by weight. It remembers how far it has come, so keep it while the weights stay.
type Spread struct {
	mu      sync.Mutex
	targets []*Target
}

// Target is a pool, the check of it, and the part of the requests that it gets.
type Target struct {
	Pool   *Pool
	Check  *Check
	Weight int
	credit int
}

// NewSpread makes a spread over targets.
func NewSpread(targets ...*Target) *Spread { return &Spread{targets: targets} }

// Targets gives what the spread is over.
func (s *Spread) Targets() []*Target { return s.targets }

// next chooses a target by weight, whether or not it can serve: a weight is a promise, not a preference.
func (s *Spread) next() (*Target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var able []*Target
	for _, t := range s.targets {
		if t.Weight > 0 {
			able = append(able, t)
		}
	}
	if len(able) == 0 {
		return nil, errNoBackend
	}
	return smooth(able, func(t *Target) (int, *int) { return t.Weight, &t.credit }), nil
}
