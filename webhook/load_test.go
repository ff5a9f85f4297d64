package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// perSecond is how many changes are asked for, where the machine takes so many.
	perSecond = 200
	// allowedEvery is after how many changes that are refused two are allowed.
	allowedEvery = 5
)

// changes are asked for until they are stopped.
type changes struct {
	t       *testing.T
	end     context.CancelFunc
	workers sync.WaitGroup
	start   time.Time
	// refused and allowed are as they should be; failed elsewhere is what neither the guard nor the API server's policies answered.
	refused, allowed, elsewhere atomic.Int64
	failure                     atomic.Value
}

// changes has so many workers ask for what must never get in, and for rollbacks and a step, which must. These are dry runs, which go the
// way of any change and leave the Service as it is; but for each of them Knative's own webhook asks for a Pod, as a dry run too. So they
// are the fewer. A worker waits for each answer: it takes enough of them for perSecond.
func (g *guard) changes(workers int, step ...string) *changes {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	c := &changes{t: g.t, end: cancel, start: time.Now()}
	template := g.service()
	template.ResourceVersion = "" // whatever Knative writes meanwhile
	pace := rate.NewLimiter(perSecond, workers)
	ask := func(written []string, how ...client.PatchOption) error {
		_ = pace.Wait(ctx) // which ends with the changes; the round of a worker then ends unpaced
		s := template.DeepCopy()
		split(s, written...)
		return g.admin.Patch(context.WithoutCancel(ctx), s, client.MergeFrom(template), how...)
	}
	refused := []struct {
		what    string
		written []string
	}{
		{"a jump", []string{"hello-v2 100"}},
		{"a jump in two targets", []string{"hello-v1 20", "hello-v2 20", "hello-v2 60 x"}},
		{"a jump by name", []string{"hello-v1 30", "latest 70"}},
	}
	for range workers {
		c.workers.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				one := refused[round%len(refused)]
				c.count(one.what, true, ask(one.written))
				if round%allowedEvery == 0 {
					c.count("a rollback", false, ask([]string{"hello-v1 100"}, client.DryRunAll))
					c.count("a step", false, ask(step, client.DryRunAll))
				}
			}
		})
	}
	g.t.Cleanup(cancel)
	return c
}

// count holds an answer to what it should be.
func (c *changes) count(what string, refuse bool, err error) {
	switch {
	case err == nil && refuse:
		c.t.Errorf("%s got in", what)
	case err == nil:
		c.allowed.Add(1)
	case strings.Contains(err.Error(), "knative-guard: ") && refuse:
		c.refused.Add(1)
	case strings.Contains(err.Error(), "guard.knative-provider.dev") || strings.Contains(err.Error(), "knative-guard"):
		c.t.Errorf("%s: %v", what, err)
	default:
		c.elsewhere.Add(1)
		c.failure.Store(fmt.Sprintf("%s: %v", what, err))
	}
}

// stop ends the changes, and says how many there were. Knative's own webhook has a timeout of its own, which a busy machine may meet.
func (c *changes) stop() {
	c.t.Helper()
	c.end()
	c.workers.Wait()
	all := c.refused.Load() + c.allowed.Load() + c.elsewhere.Load()
	c.t.Logf("%.0f changes a second of the %d that were aimed at: %d refused, %d allowed, %d failed elsewhere %v", float64(all)/time.Since(c.start).Seconds(), perSecond, c.refused.Load(), c.allowed.Load(), c.elsewhere.Load(), c.failure.Load())
	if c.refused.Load() == 0 || c.allowed.Load() == 0 || c.elsewhere.Load()*50 > all {
		c.t.Errorf("of %d changes %d were refused, %d allowed, and %d failed elsewhere: %v", all, c.refused.Load(), c.allowed.Load(), c.elsewhere.Load(), c.failure.Load())
	}
}
