package gateway

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

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
	late := time.NewTimer(knockAfter)
	defer late.Stop()
	for {
		select {
		case pod, ok := <-p.granted:
			return p.endpoint(pod, ok)
		case <-late.C:
			p.wake()
			late.Reset(knockAfter)
		case <-ctx.Done():
			p.leave()
			return endpoint{}, context.Cause(ctx)
		}
	}
}

// wake sees to it that a Revision for which events wait gets a Pod, where none is there and none is coming.
func (p *place) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if revision := p.line.WaitsFor(p.id); revision != "" && p.setup.pods[revision] == 0 {
		p.knock(types.NamespacedName{Namespace: p.key.Namespace, Name: revision})
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
