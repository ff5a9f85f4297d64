package wire

import (
	"math/rand/v2"
	"path"
	"sync"
	"time"
)

// Fault goes wrong on demand. The zero values of Product, Action, Rate and Times mean: any, any, always, without end.
type Fault struct {
	Product string  // such as alb
	Action  string  // a pattern, such as Delete*
	Rate    float64 // the part of the calls that it hits, above 0 up to 1
	Times   int     // how many calls it hits before it is over
	Effect
}

// Effect is what a fault does to a call. Several at once are done together; of two errors the first counts.
type Effect struct {
	Throttle  bool          // refused with Throttling.User
	Error     *Error        // refused with this
	LoseReply bool          // carried out, and the connection closed instead of a reply; not where it is refused
	Latency   time.Duration // waits before it is carried out
	StickJob  bool          // its job stays Processing until it is freed
	FailJob   *Error        // its job ends as Failed with this
}

// merge adds another effect to this one.
func (e *Effect) merge(o Effect) {
	e.Throttle = e.Throttle || o.Throttle
	e.LoseReply = e.LoseReply || o.LoseReply
	e.StickJob = e.StickJob || o.StickJob
	e.Latency += o.Latency
	if e.Error == nil {
		e.Error = o.Error
	}
	if e.FailJob == nil {
		e.FailJob = o.FailJob
	}
}

// Faults are the faults in force. Their chances come from a seed, so a run can be had again.
type Faults struct {
	mu   sync.Mutex
	rand *rand.Rand
	list []Fault
}

// NewFaults has none in force.
func NewFaults(seed uint64) *Faults {
	return &Faults{rand: rand.New(rand.NewPCG(seed, seed))}
}

// Set replaces the faults in force; none ends them.
func (f *Faults) Set(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append([]Fault(nil), faults...)
}

// List gives the faults in force.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault(nil), f.list...)
}

// hit gives what the faults do to a call, and counts it.
func (f *Faults) hit(product, action string) Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	var effect Effect
	left := f.list[:0]
	for _, fault := range f.list {
		if !fault.matches(product, action) || fault.Rate > 0 && f.rand.Float64() >= fault.Rate {
			left = append(left, fault)
			continue
		}
		effect.merge(fault.Effect)
		if fault.Times != 1 { // 0 is without end
			fault.Times = max(0, fault.Times-1)
			left = append(left, fault)
		}
	}
	f.list = left
	return effect
}

func (f Fault) matches(product, action string) bool {
	if f.Product != "" && f.Product != product {
		return false
	}
	if f.Action == "" {
		return true
	}
	ok, _ := path.Match(f.Action, action) // a bad pattern matches nothing
	return ok
}
