package slbsim

import (
	"net"
	"time"

	"k8s.io/utils/clock"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// Options are how an emulator behaves. The zero value of each means what is said at it.
type Options struct {
	Clock  clock.Clock   // the real one
	Second time.Duration // how long a second of health checks, drains and request timeouts takes: one second
	Jobs   time.Duration // how long an asynchronous job takes: half a second; negative: none, it is done when it is answered
	Region string        // cn-hangzhou
	Seed   uint64        // of names and chances
	Keys   []wire.Key    // one with the ID "sim" and the secret "sim"

	// Read and Write are how often a key may call each action. Alibaba publishes no general figure [U]: 50 a second with a
	// burst of 200, and 10 with a burst of 50.
	Read, Write *wire.Limit
	ALB         *Quotas // those of an account that never asked for more: DefaultALB
	CLB         *CLBQuotas

	// Listen opens the port of a listener: ListenLoopback.
	Listen func(address string, port int) (net.Listener, error)
}

// Quotas are ALB's, by edition ("Quotas and limits" of ALB; the values of an account that never asked for more).
type Quotas struct {
	Balancers       int // a region
	Basic, Standard Edition
	GroupServers    int // a server group
}

// Edition is what an ALB instance of an edition may have.
type Edition struct {
	Listeners, Rules, Servers, Certificates int // an instance; a server counts once for each listener and rule that uses it
	Conditions, Actions                     int // a rule
}

// DefaultALB are the quotas as published.
var DefaultALB = Quotas{
	Balancers:    60,
	Basic:        Edition{Listeners: 50, Rules: 40, Servers: 200, Certificates: 10, Conditions: 5, Actions: 3},
	Standard:     Edition{Listeners: 50, Rules: 100, Servers: 1000, Certificates: 25, Conditions: 10, Actions: 5},
	GroupServers: 1000,
}

// CLBQuotas are CLB's ("Limits" of CLB).
type CLBQuotas struct{ Balancers, Listeners, Rules, Groups, Servers, Extensions, Certificates int }

// DefaultCLB are the quotas as published: instances and certificates a region; listeners, server groups and servers an instance; rules and
// domain extensions a listener.
var DefaultCLB = CLBQuotas{Balancers: 60, Listeners: 50, Rules: 40, Groups: 50, Servers: 200, Extensions: 3, Certificates: 100}

func (o Options) withDefaults() Options {
	def(&o.Clock, clock.Clock(clock.RealClock{}))
	def(&o.Second, time.Second)
	def(&o.Jobs, 500*time.Millisecond)
	def(&o.Region, "cn-hangzhou")
	def(&o.Read, &wire.Limit{PerSecond: 50, Burst: 200})
	def(&o.Write, &wire.Limit{PerSecond: 10, Burst: 50})
	def(&o.ALB, &DefaultALB)
	def(&o.CLB, &DefaultCLB)
	if o.Listen == nil {
		o.Listen = ListenLoopback
	}
	if len(o.Keys) == 0 {
		o.Keys = []wire.Key{{ID: "sim", Secret: "sim"}}
	}
	return o
}

// def sets a value that is zero.
func def[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}
