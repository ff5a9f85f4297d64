package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// connect is how long a Pod of the cluster may take to accept a connection.
const connect = time.Second

// errNotLeader is the answer to another replica that takes this one for the dispatcher.
var errNotLeader = errors.New("this replica does not dispatch")

// hander brings events to Pods: it is the transport of the server's proxy.
//
//	this replica    another     the event
//	dispatches      dispatches
//	yes             –           gets a place in the line, and then a Pod
//	no              yes         is sent on to that one; a peer's is answered with 421, and the peer looks again
//	no              no          waits until somebody does
//
// It tries again only where nothing can have been sent: where no connection came about, or the answer is 421.
type hander struct {
	role        *role
	plain, h2c  http.RoundTripper
	toPeer      http.RoundTripper
	lookAgainIn time.Duration
}

func newHander(r *role) *hander {
	return &hander{role: r, plain: transport(false), h2c: transport(true), toPeer: peerTransport(), lookAgainIn: 200 * time.Millisecond}
}

// transport makes a connection for each event. One that was used before may turn out to be closed, and then net/http sends the event
// again, which nobody may.
func transport(h2c bool) *http.Transport {
	t := &http.Transport{DisableKeepAlives: true, DisableCompression: true, DialContext: dial, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!h2c)
	t.Protocols.SetUnencryptedHTTP2(h2c)
	return t
}

// peerTransport waits with the body until the other replica asks for it, so that it is still there if that one does not dispatch.
func peerTransport() *http.Transport {
	t := transport(false)
	t.ExpectContinueTimeout = time.Hour
	return t
}

// notSentError is an error before anything was sent.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: connect}).DialContext(ctx, network, address)
	if err != nil {
		return nil, notSentError{err}
	}
	return conn, nil
}

// RoundTrip finds a Pod for an event, and gives its answer.
func (h *hander) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req.Context())
	wait, stop := c.waiting(req.Context())
	defer stop()
	for {
		now := h.role.current()
		var resp *http.Response
		var err error
		switch {
		case now.self:
			resp, err = h.dispatch(wait, c, req)
		case c.peer:
			return nil, errNotLeader
		case now.address != "":
			resp, err = h.relay(c, req, now.address)
		default:
			err = errEvicted
		}
		if err == nil || !errors.Is(err, errEvicted) {
			return resp, err
		}
		if err := h.rest(wait, c, now); err != nil {
			return nil, err
		}
	}
}

// dispatch waits for a Pod and hands the event to it.
func (h *hander) dispatch(wait context.Context, c *call, req *http.Request) (*http.Response, error) {
	p, err := c.target.arrive()
	if err != nil {
		return nil, err
	}
	if !h.role.current().self { // since a moment ago: nobody evicts this one any more
		p.leave()
		return nil, errEvicted
	}
	if len(p.granted) == 0 {
		if err := c.readSmall(req); err != nil {
			p.leave()
			return nil, err
		}
	}
	for {
		to, err := p.wait(wait)
		if err != nil {
			return nil, err
		}
		if to.address == "" {
			p.refused()
			continue
		}
		c.has(p, to)
		resp, err := h.via(to).RoundTrip(c.outgoing(req, to.address, c.rest))
		if errors.As(err, new(notSentError)) && req.Context().Err() == nil {
			c.has(nil, endpoint{})
			p.refused()
			continue
		}
		return resp, err // server.hand releases the Pod when the answer has been passed on
	}
}

func (h *hander) via(to endpoint) http.RoundTripper {
	if to.h2c {
		return h.h2c
	}
	return h.plain
}

// relay sends an event on to the replica that dispatches.
func (h *hander) relay(c *call, req *http.Request, address string) (*http.Response, error) {
	if err := c.readSmall(req); err != nil {
		return nil, err
	}
	out := c.outgoing(req, address, c.original)
	if out.Body != nil {
		out.Header.Set("Expect", "100-continue")
	}
	c.relayed(true)
	resp, err := h.toPeer.RoundTrip(out)
	switch {
	case errors.As(err, new(notSentError)) && req.Context().Err() == nil:
		c.relayed(false)
		return nil, errEvicted
	case err != nil:
		return nil, fmt.Errorf("replica %s of the gateway: %w", address, err)
	case resp.StatusCode == http.StatusMisdirectedRequest && resp.Header.Get(AnswerHeader) == reasonNotLeader:
		_ = resp.Body.Close()
		c.relayed(false)
		return nil, errEvicted
	}
	return resp, nil
}

// rest waits until somebody else dispatches, or for a moment where somebody should.
func (h *hander) rest(ctx context.Context, c *call, seen roleNow) error {
	found := c.target.roam()
	defer found()
	var again <-chan time.Time
	if seen.self || seen.address != "" {
		again = time.After(h.lookAgainIn)
	}
	select {
	case <-seen.changed:
		return nil
	case <-again:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
