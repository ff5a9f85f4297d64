package gateway

import (
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
	changed func()                     // more or fewer Pods are asked for, presumably
	knock   func(types.NamespacedName) // events wait for a Revision that has no Pod; it does not wait

	mu        sync.Mutex
	line      *dispatch.Line
	last      dispatch.EventID
	waiters   map[dispatch.EventID]chan dispatch.Pod
	endpoints map[dispatch.Pod]endpoint
	doubtful  map[dispatch.Pod]bool // may have an event of the replica that dispatched before
	strange   bool                  // so may all Pods: this replica does not dispatch, or has only just begun
	roaming   int                   // events that are held without a place in the line: no replica dispatches, as far as is known
	timer     *time.Timer
	setup     setup
	closed    bool
}

// setup is what is known of a policy and its target.
type setup struct {
	limits  dispatch.Limits
	timeout time.Duration
	shares  []dispatch.Share
	pods    map[string]int // by Revision: those that are there or coming
	refusal string         // why no event is taken; empty where they are
}

func newTarget(key types.NamespacedName, changed func(), knock func(types.NamespacedName)) *target {
	t := &target{key: key, changed: changed, knock: knock, line: dispatch.New(), waiters: map[dispatch.EventID]chan dispatch.Pod{}, doubtful: map[dispatch.Pod]bool{}, strange: true}
	t.timer = time.AfterFunc(time.Hour, t.tick)
	return t
}

// configure takes what the policy and its target say, and the Pods that there are. Only the replica that dispatches has Pods in its
// line. When it begins, it gets those to look at that may have an event of whoever dispatched before: they are in the line from trust on.
func (t *target) configure(s setup, pods map[dispatch.Pod]endpoint, dispatches bool) (doubtful map[dispatch.Pod]endpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.setup, t.endpoints = s, pods
	t.deliver(t.line.Configure(s.limits, s.shares, time.Now()))
	if !dispatches {
		t.strange = true
		t.list()
		return nil
	}
	if t.strange {
		t.strange = false
		clear(t.doubtful)
		doubtful = map[dispatch.Pod]endpoint{}
		for name, e := range pods {
			if !t.line.Busy(name) {
				t.doubtful[name], doubtful[name] = true, e
			}
		}
	}
	for name := range t.doubtful {
		if _, there := pods[name]; !there {
			delete(t.doubtful, name)
		}
	}
	t.list()
	return doubtful
}

// estrange has no Pod get an event until configure has looked at all of them.
func (t *target) estrange() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strange = true
	t.list()
}

// doubts says that a Pod is still to be looked at.
func (t *target) doubts(pod dispatch.Pod) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doubtful[pod]
}

// trust lets a Pod take events.
func (t *target) trust(pod dispatch.Pod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.doubtful, pod)
	t.list()
}

// list tells the line which Pods may have events. t.mu is held.
func (t *target) list() {
	names := make([]dispatch.Pod, 0, len(t.endpoints))
	for name := range t.endpoints {
		if !t.strange && !t.doubtful[name] {
			names = append(names, name)
		}
	}
	t.deliver(t.line.Pods(names, time.Now()))
}

// about is what is known now.
func (t *target) about() setup {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.setup
}

// count is how many Pods are asked for now.
func (t *target) count() count {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := count{all: t.roaming, of: t.line.Want(time.Now())}
	for _, n := range c.of {
		c.all += n
	}
	return c
}

// inFlight is how many events are in Pods, and how many wait.
func (t *target) inFlight() (inPods, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	inPods, waiting = t.line.InFlight()
	return inPods, waiting + t.roaming
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
