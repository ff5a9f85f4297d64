package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
)

// small is how much of an event is read while it waits: the size up to which every part of the CloudEvents world has to forward
// events (CloudEvents 1.0, "Size Limits").
const small = 64 << 10

// errUnread is the end of an event that did not come in whole.
var errUnread = errors.New("reading the event")

// call is one event on its way.
type call struct {
	target         *target
	sender         context.Context //nolint:containedctx // several contexts: the event's own outlives its sender's
	stopping       context.Context //nolint:containedctx // as above
	peer           bool            // another replica sent it
	rest, original string

	data []byte // the body, where it has been read while the event waited

	mu     sync.Mutex
	place  *place
	pod    endpoint
	given  bool // a connection to a Pod, or to the dispatcher, was there
	result string
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// outgoing is the request as it goes on: as it came, to another place. The body is not closed by whoever sends it, for it may be sent
// elsewhere. The sender's expectation has been met: its body is being read.
func (c *call) outgoing(req *http.Request, address, path string) *http.Request {
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host = "http", address
	out.URL.Path, out.URL.RawPath = path, ""
	if decoded, err := url.PathUnescape(path); err == nil && decoded != path {
		out.URL.Path, out.URL.RawPath = decoded, path
	}
	out.Header.Del("Expect")
	if _, set := out.Header["User-Agent"]; !set {
		out.Header["User-Agent"] = nil // else net/http adds its own
	}
	switch {
	case c.data != nil:
		out.Body = io.NopCloser(bytes.NewReader(c.data))
	case out.Body != nil:
		out.Body = io.NopCloser(out.Body)
	}
	return out
}

// readSmall reads a small body while its event waits: only a request that has been read whole tells when its sender goes. It can be
// sent more than once then, where it is not taken.
func (c *call) readSmall(req *http.Request) error {
	if c.data != nil || req.Body == nil || req.ContentLength <= 0 || req.ContentLength > small {
		return nil
	}
	data := make([]byte, req.ContentLength)
	if _, err := io.ReadFull(req.Body, data); err != nil {
		return fmt.Errorf("%w: %w", errUnread, err)
	}
	c.data = data
	return nil
}

// waiting is the context of an event without a Pod: it ends with the event's time, and when its sender goes.
func (c *call) waiting(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.sender, func() { cancel(context.Cause(c.sender)) })
	stopToo := context.AfterFunc(c.stopping, func() { cancel(errStopping) })
	return ctx, func() { stop(); stopToo(); cancel(nil) }
}

func (c *call) has(p *place, to endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.place, c.pod, c.given = p, to, p != nil
}

func (c *call) relayed(given bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given = given
}

func (c *call) handed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given
}

// where tells who has the event.
func (c *call) where() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pod.pod == "" {
		return "the replica of the gateway that dispatches"
	}
	return fmt.Sprintf("Pod %s of Revision %s", c.pod.pod, c.pod.revision)
}

func (c *call) failed(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result = reason
}

func (c *call) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.result == "" {
		c.result = resultAnswered
	}
}

// release gives the Pod free.
func (c *call) release() {
	c.mu.Lock()
	p := c.place
	c.place = nil
	c.mu.Unlock()
	if p != nil {
		p.done()
	}
}
