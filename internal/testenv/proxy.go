package testenv

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// Proxy stands between a client and the API server, with the credentials of a Cluster. It counts the requests, can be cut
// like a cable, and lets a test lay hands on a request.
type Proxy struct {
	URL string

	forward *httputil.ReverseProxy
	address string

	mu     sync.Mutex
	server *http.Server // nil while it is cut
	count  int
	before func(n int, r *http.Request)
	after  func(n int, r *http.Request)
}

type requestNumber struct{}

// NewProxy opens a proxy to the API server of a configuration, on a port of this machine.
func NewProxy(cfg *rest.Config) (*Proxy, error) {
	transport, err := rest.TransportFor(cfg)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, err
	}
	p := &Proxy{address: "127.0.0.1:0"}
	p.forward = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		ModifyResponse: p.answered,
		ErrorLog:       log.New(io.Discard, "", 0), // a client that went away is what the tests do
	}
	if err := p.Restore(); err != nil {
		return nil, err
	}
	p.URL = "http://" + p.address
	return p, nil
}

// Before has f called with each request, and its number since the last call of Before or After, before it is passed on. What f
// does to the request reaches the API server.
func (p *Proxy) Before(f func(n int, r *http.Request)) { p.watch(f, nil) }

// After has f called with each request when the API server has answered, before the client gets the answer.
func (p *Proxy) After(f func(n int, r *http.Request)) { p.watch(nil, f) }

func (p *Proxy) watch(before, after func(int, *http.Request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count, p.before, p.after = 0, before, after
}

// Count is the number of requests since the last call of Before, After or Reset.
func (p *Proxy) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Reset counts from zero again.
func (p *Proxy) Reset() { p.watch(nil, nil) }

// Cut ends all connections, and lets none in.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Close() // an error says that it was closed already
		p.server = nil
	}
}

// Restore lets connections in again, at the same address.
func (p *Proxy) Restore() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.address)
	if err != nil {
		return err
	}
	p.address = listener.Addr().String()
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Print("proxy: ", err)
		}
	}(p.server)
	return nil
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.count++
	n, before := p.count, p.before
	p.mu.Unlock()
	if before != nil {
		before(n, r)
	}
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestNumber{}, n)))
}

func (p *Proxy) answered(resp *http.Response) error {
	p.mu.Lock()
	after := p.after
	p.mu.Unlock()
	if n, ok := resp.Request.Context().Value(requestNumber{}).(int); ok && after != nil {
		after(n, resp.Request)
	}
	return nil
}
