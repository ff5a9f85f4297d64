package slbsim

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// Sim is one region of one account.
type Sim struct {
	opts Options
	*wire.Server

	mu     sync.Mutex
	clock  clock.Clock
	rand   *rand.Rand
	jobs   jobs
	net    network
	certs  certificates
	alb    albState
	clb    clbState
	ack    map[string]cluster
	hosts  int // the last address of a load balancer that was given out
	closed chan struct{}
	page   http.Handler
}

// New makes an empty region with one VPC. Close it.
func New(o Options) *Sim {
	o = o.withDefaults()
	s := &Sim{
		opts: o, clock: o.Clock, rand: rand.New(rand.NewPCG(o.Seed, 1)), ack: map[string]cluster{}, closed: make(chan struct{}),
		hosts: rand.IntN(1 << 22),
	}
	s.jobs.wake = make(chan struct{}, 1)
	s.net = firstNetwork(o.Region)
	s.Server = wire.NewServer(wire.Settings{
		Region: o.Region, Clock: o.Clock, World: &s.mu, Arrive: s.settle, Read: *o.Read, Write: *o.Write, Seed: o.Seed,
		Products: []wire.Product{s.albProduct(), s.clbProduct(), s.ecsProduct(), s.vpcProduct(), s.stsProduct(), s.casProduct(), s.csProduct()},
	})
	for _, key := range o.Keys {
		s.Keys.Add(key)
	}
	s.page = s.pages()
	go s.work()
	return s
}

// ServeHTTP answers the APIs, and shows the state under /_sim/.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sim/") {
		s.page.ServeHTTP(w, r)
		return
	}
	s.Server.ServeHTTP(w, r)
}

// Close ends all listeners and jobs.
func (s *Sim) Close() {
	close(s.closed)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.alb.listeners.all() {
		l.front.Close()
	}
	for _, g := range s.alb.groups.all() {
		g.check.Close()
	}
	s.clb.close()
}

// id makes the name of a new resource.
func (s *Sim) id(prefix string) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	name := make([]byte, 18)
	for i := range name {
		name[i] = letters[s.rand.IntN(len(letters))]
	}
	return prefix + string(name)
}

// stamp is now as the APIs write it.
func (s *Sim) stamp() string { return s.clock.Now().UTC().Format("2006-01-02T15:04Z") }

// seconds is how long n of the API's seconds take.
func (s *Sim) seconds(n int) time.Duration { return time.Duration(n) * s.opts.Second }
