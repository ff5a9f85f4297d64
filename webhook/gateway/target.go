package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// aside is for how long a Pod that took no connection gets no event.
const aside = time.Second

var (
	// errEvicted ends a wait: another replica dispatches now.
	errEvicted = errors.New("another replica of the gateway dispatches now")
	// errGone is the answer to an event whose policy has gone.
	errGone = errors.New("the policy has gone, or has no event any more")
	// errFull is the answer to an event beyond maxQueue.
	errFull = errors.New("the line is full")
)

// endpoint is where a Pod takes events.
type endpoint struct {
	address, pod, revision string
	h2c                    bool
}

// target is one policy's events: a dispatch.Line, driven by the clock and by many at once.
type target struct {
	key     types.NamespacedName
	changed func() // more or fewer Pods are asked for, presumably

	mu        sync.Mutex
	line      *dispatch.Line
	last      dispatch.EventID
	waiters   map[dispatch.EventID]chan dispatch.Pod
	endpoints map[dispatch.Pod]endpoint
	roaming   int // events that are held without a place in the line: no replica dispatches, as far as is known
	timer     *time.Timer
	setup     setup
	closed    bool
}

// setup is what is known of a policy and its target.
type setup struct {
	limits  dispatch.Limits
	timeout time.Duration
	shares  []dispatch.Share
	refusal string // why no event is taken; empty where they are
}

func newTarget(key types.NamespacedName, changed func()) *target {
	t := &target{key: key, changed: changed, line: dispatch.New(), waiters: map[dispatch.EventID]chan dispatch.Pod{}}
	t.timer = time.AfterFunc(time.Hour, t.tick)
	return t
}

// configure takes what the policy and its target say, and the Pods that there are.
func (t *target) configure(s setup, pods map[dispatch.Pod]endpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.setup, t.endpoints = s, pods
	names := make([]dispatch.Pod, 0, len(pods))
	for name := range pods {
		names = append(names, name)
	}
	now := time.Now()
	t.deliver(t.line.Configure(s.limits, s.shares, now))
	t.deliver(t.line.Pods(names, now))
}

// about is what is known now.
func (t *target) about() setup {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.setup
}

// want is how many Pods are asked for now.
func (t *target) want() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.roaming
	for _, n := range t.line.Want(time.Now()) {
		sum += n
	}
	return sum
}

// inFlight is how many events are in Pods, and how many wait.
func (t *target) inFlight() (inPods, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	inPods, waiting = t.line.InFlight()
	return inPods, waiting + t.roaming
}

// place is an event's: in the line, and then in a Pod.
type place struct {
	*target
	id      dispatch.EventID
	granted chan dispatch.Pod
}

// arrive puts an event into the line.
func (t *target) arrive() (*place, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errGone
	}
	t.last++
	p := &place{target: t, id: t.last, granted: make(chan dispatch.Pod, 1)}
	t.waiters[p.id] = p.granted
	grants, full := t.line.Arrive(p.id, time.Now())
	if full {
		delete(t.waiters, p.id)
		return nil, errFull
	}
	t.deliver(grants)
	return p, nil
}

// wait waits for a Pod. Without one, the event has left the line.
func (p *place) wait(ctx context.Context) (endpoint, error) {
	select {
	case pod, ok := <-p.granted:
		return p.endpoint(pod, ok)
	default:
	}
	select {
	case pod, ok := <-p.granted:
		return p.endpoint(pod, ok)
	case <-ctx.Done():
		p.leave()
		return endpoint{}, context.Cause(ctx)
	}
}

func (p *place) endpoint(pod dispatch.Pod, ok bool) (endpoint, error) {
	if !ok {
		return endpoint{}, errEvicted
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.endpoints[pod]
	if !ok { // it has gone in this moment
		return endpoint{pod: pod.Name, revision: pod.Revision}, nil
	}
	return e, nil
}

// leave takes an event out of the line, and out of a Pod that it has just got: nothing was sent.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiters, p.id)
	select {
	case _, ok := <-p.granted:
		if ok {
			p.deliver(p.line.Done(p.id, time.Now()))
		}
	default:
		p.line.Leave(p.id)
		p.deliver(nil)
	}
}

// done says that the event has left its Pod.
func (p *place) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiters, p.id)
	p.deliver(p.line.Done(p.id, time.Now()))
}

// refused says that the Pod took nothing of the event. It waits again.
func (p *place) refused() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliver(p.line.Refused(p.id, time.Now(), aside))
}

// roam counts an event that is held without a place in the line, until the function is called.
func (t *target) roam() func() {
	t.mu.Lock()
	t.roaming++
	t.mu.Unlock()
	t.changed()
	return func() {
		t.mu.Lock()
		t.roaming--
		t.mu.Unlock()
		t.changed()
	}
}

// evict has all that wait look for another replica.
func (t *target) evict() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range t.line.Evict() {
		close(t.waiters[id])
		delete(t.waiters, id)
	}
	t.deliver(nil)
}

func (t *target) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.deliver(t.line.Tick(time.Now()))
}

// close sends away all that wait: the policy has gone. Events in Pods end as they would.
func (t *target) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.evict()
}

// deliver tells events that they have a Pod, and sees to the next moment at which something changes by itself. t.mu is held.
func (t *target) deliver(grants []dispatch.Grant) {
	for _, g := range grants {
		t.waiters[g.Event] <- g.Pod
	}
	now := time.Now()
	if next := t.line.Next(now); !next.IsZero() {
		t.timer.Reset(next.Sub(now))
	}
	t.changed()
}

// retryAfter is when a sender who found the line full should come again, in seconds.
func (t *target) retryAfter() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.line.RetryAfter()
}

// full is the answer where the line is.
func (t *target) full() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	inPods, waiting := t.line.InFlight()
	return fmt.Sprintf("ScalingPolicy %s has %d events in Pods and %d waiting, which is as many as spec.max (%d) and spec.event.maxQueue (%d) allow",
		t.key, inPods, waiting, t.setup.limits.Max, t.setup.limits.MaxQueue)
}
