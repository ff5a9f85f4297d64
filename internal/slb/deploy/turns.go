package deploy

import (
	"context"
	"sync"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// Turns let one caller at a time at a load balancer, and keep what is known of each owner's part of it.
type Turns[T any] struct {
	New func() *T

	mu  sync.Mutex
	all map[string]*turn[T]
}

type turn[T any] struct {
	token  chan struct{} // holds one
	owners map[slb.Owner]*T
}

// Take waits for the turn at a load balancer, which lasts until done is called.
func (t *Turns[T]) Take(ctx context.Context, w slb.Wanted) (known *T, done func(), err error) {
	t.mu.Lock()
	if t.all == nil {
		t.all = map[string]*turn[T]{}
	}
	one := t.all[w.LoadBalancerID]
	if one == nil {
		one = &turn[T]{token: make(chan struct{}, 1), owners: map[slb.Owner]*T{}}
		t.all[w.LoadBalancerID] = one
	}
	t.mu.Unlock()
	select {
	case one.token <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if one.owners[w.Owner] == nil {
		one.owners[w.Owner] = t.New()
	}
	return one.owners[w.Owner], func() { <-one.token }, nil
}

// Forget drops what is known of an owner. It is called by who has the turn.
func (t *Turns[T]) Forget(w slb.Wanted) {
	t.mu.Lock()
	one := t.all[w.LoadBalancerID]
	t.mu.Unlock()
	delete(one.owners, w.Owner)
}
