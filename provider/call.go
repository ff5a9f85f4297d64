package provider

import (
	"context"
	"sync/atomic"
	"time"
)

// call is the context of one call by Terraform. The framework keeps each of them until the process ends, so as to cancel them when
// Terraform says stop; this one lets go of what hangs on it, the request and its loggers, when the call is over. Else 40 kB would
// stay of each Service that is planned.
type call struct {
	current atomic.Pointer[context.Context]
}

// over is what is left of a call.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// briefly makes a call.
func briefly[Request, Response any](ctx context.Context, do func(context.Context, Request) (Response, error), req Request) (Response, error) {
	c := &call{}
	c.current.Store(&ctx)
	defer c.current.Store(&over)
	return do(c, req)
}

func (c *call) of() context.Context { return *c.current.Load() }

// Deadline and the others are those of the call while it lasts.
func (c *call) Deadline() (time.Time, bool) { return c.of().Deadline() }
func (c *call) Done() <-chan struct{}       { return c.of().Done() }
func (c *call) Err() error                  { return c.of().Err() }
func (c *call) Value(key any) any           { return c.of().Value(key) }
