package gateway

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// targets are all policies that have an event.
type targets struct {
	write func(ctx context.Context, policy types.NamespacedName, c count) error
	knock *knocker
	ctx   context.Context //nolint:containedctx // the life of the reporters, which is longer than any call's

	mu    sync.Mutex
	byKey map[types.NamespacedName]*target
	stops map[types.NamespacedName]context.CancelFunc
	wg    sync.WaitGroup
}

// newTargets makes an empty one. write says what is in flight of a policy.
func newTargets(ctx context.Context, write func(ctx context.Context, policy types.NamespacedName, c count) error, k *knocker) *targets {
	return &targets{write: write, knock: k, ctx: ctx, byKey: map[types.NamespacedName]*target{}, stops: map[types.NamespacedName]context.CancelFunc{}}
}

// get gives a policy's, or nil.
func (t *targets) get(key types.NamespacedName) *target {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byKey[key]
}

// add gives a policy's, made if there is none.
func (t *targets) add(key types.NamespacedName) *target {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.byKey[key]; one != nil {
		return one
	}
	ctx, stop := context.WithCancel(t.ctx)
	var one *target
	r := &reporter{policy: key, count: func() count { return one.count() }, write: t.write, wake: make(chan struct{}, 1)}
	one = newTarget(key, r.changed, func(revision types.NamespacedName) { t.knock.knock(t.ctx, revision) })
	t.byKey[key], t.stops[key] = one, stop
	t.wg.Go(func() { r.run(ctx) })
	return one
}

// remove forgets a policy. Events in Pods end as they would; those that wait are told.
func (t *targets) remove(key types.NamespacedName) {
	t.mu.Lock()
	one, stop := t.byKey[key], t.stops[key]
	delete(t.byKey, key)
	delete(t.stops, key)
	t.mu.Unlock()
	if one != nil {
		one.close()
		stop()
	}
}

func (t *targets) all() []*target {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*target, 0, len(t.byKey))
	for _, one := range t.byKey {
		out = append(out, one)
	}
	return out
}

// inFlight is how many events this replica holds.
func (t *targets) inFlight() int {
	sum := 0
	for _, one := range t.all() {
		inPods, waiting := one.inFlight()
		sum += inPods + waiting
	}
	return sum
}

// evict has all events that wait look for another replica.
func (t *targets) evict() {
	for _, one := range t.all() {
		one.evict()
	}
}

// close ends the reporters, when each has said that nothing is in flight.
func (t *targets) close() {
	t.mu.Lock()
	for _, stop := range t.stops {
		stop()
	}
	t.mu.Unlock()
	t.wg.Wait()
}
