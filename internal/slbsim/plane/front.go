package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// FrontConfig is what a front does with what comes in.
type FrontConfig struct {
	Protocol     Protocol // HTTP, HTTPS or TCP; it does not change
	HTTP2        bool
	Certificates []tls.Certificate // the first is the default
	Idle         time.Duration     // a connection without requests is closed after it
	Timeout      time.Duration     // a backend's answer must begin within it
	Routes       []Route           // tried in order; the last should match everything
	Forward      func(out, in *http.Request)
}

// Front is a port that is listened on. It closes every connection at once until it is opened.
type Front struct {
	listener   net.Listener
	clock      clock.Clock
	transports transports
	config     atomic.Pointer[FrontConfig]
	open       atomic.Bool
	life       context.Context // of TCP connections, which no request has
	end        context.CancelFunc

	mu     sync.Mutex
	server *http.Server
	inlet  *inlet
	key    string // of the server's own settings
}

// NewFront serves on a listener, and owns it.
func NewFront(l net.Listener, c clock.Clock) *Front {
	f := &Front{listener: l, clock: c, transports: newTransports()}
	f.life, f.end = context.WithCancel(context.Background())
	f.config.Store(&FrontConfig{})
	go f.accept()
	return f
}

// Address is where the front listens.
func (f *Front) Address() string { return f.listener.Addr().String() }

// Set changes what the front does. Requests under way go on as they began.
func (f *Front) Set(config FrontConfig) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.config.Store(&config)
	f.refresh()
}

// Open lets connections in, or no more; requests under way end in peace.
func (f *Front) Open(open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open.Store(open)
	f.refresh()
}

// Close frees the port and ends all connections.
func (f *Front) Close() {
	_ = f.listener.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open.Store(false)
	if f.server != nil {
		_ = f.server.Close()
	}
	f.refresh()
	f.end()
	f.transports.close()
}

// refresh gives new connections to a server with the settings of now; the one before ends when its requests have.
func (f *Front) refresh() {
	config, key := f.config.Load(), ""
	if f.open.Load() && config.Protocol != TCP {
		key = fmt.Sprint(config.Protocol, config.HTTP2, config.Idle)
	}
	if key == f.key {
		return
	}
	f.key = key
	if f.server != nil {
		go end(f.server)
		f.server, f.inlet = nil, nil
	}
	if key != "" {
		f.serve(config)
	}
}

func (f *Front) serve(config *FrontConfig) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(config.HTTP2)
	protocols.SetUnencryptedHTTP2(config.HTTP2 && config.Protocol == HTTP)
	f.inlet = newInlet(f.listener.Addr())
	f.server = &http.Server{
		Handler: f, Protocols: protocols, ReadHeaderTimeout: time.Minute, IdleTimeout: config.Idle,
		TLSConfig: &tls.Config{GetCertificate: f.certificate, MinVersion: tls.VersionTLS12},
		ErrorLog:  quiet,
	}
	if config.Protocol == HTTPS {
		go func(s *http.Server, in *inlet) { _ = s.ServeTLS(in, "", "") }(f.server, f.inlet)
		return
	}
	go func(s *http.Server, in *inlet) { _ = s.Serve(in) }(f.server, f.inlet)
}

// end lets a server's requests end, however long they take.
func end(s *http.Server) { _ = s.Shutdown(context.Background()) }

func (f *Front) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		config := f.config.Load()
		switch {
		case !f.open.Load():
			_ = conn.Close()
		case config.Protocol == TCP:
			go f.serveTCP(conn, config)
		default:
			f.admit(conn)
		}
	}
}

// admit gives a connection to the server of now, which may change meanwhile.
func (f *Front) admit(conn net.Conn) {
	for {
		f.mu.Lock()
		in := f.inlet
		f.mu.Unlock()
		if in == nil {
			_ = conn.Close()
			return
		}
		if in.put(conn) {
			return
		}
	}
}

// certificate chooses by the name that the client asks for; the first is the default.
func (f *Front) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	certificates := f.config.Load().Certificates
	if len(certificates) == 0 {
		return nil, errNoCertificate
	}
	for i := range certificates {
		if hello.ServerName != "" && certificates[i].Leaf.VerifyHostname(hello.ServerName) == nil {
			return &certificates[i], nil
		}
	}
	return &certificates[0], nil
}

// ServeHTTP carries one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	config := f.config.Load()
	for i := range config.Routes {
		if route := &config.Routes[i]; route.Match == nil || route.Match(r) {
			f.follow(route, config, w, r)
			return
		}
	}
	fail(w, errNoBackend)
}

func (f *Front) follow(route *Route, config *FrontConfig, w http.ResponseWriter, r *http.Request) {
	if route.Limit != nil && !route.Limit.AllowN(f.clock.Now(), 1) {
		http.Error(w, "the rule's limit of requests a second is reached", http.StatusServiceUnavailable)
		return
	}
	if route.Answer != nil {
		route.Answer.ServeHTTP(w, r)
		return
	}
	target, err := route.Spread.next()
	if err != nil {
		fail(w, err)
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	client, _, _ := net.SplitHostPort(r.RemoteAddr) // the server wrote it
	flow, release, err := target.Pool.take(target.Check, client, cancel)
	if err != nil {
		fail(w, err)
		return
	}
	defer release()
	late := time.AfterFunc(config.Timeout, func() { cancel(errTimeout) })
	defer late.Stop()
	ctx = context.WithValue(ctx, hopKey{}, hop{flow.address, flow.protocol, func() { late.Stop() }})
	out := r.Clone(ctx)
	for _, edit := range route.Edit {
		edit(out)
	}
	newProxy(f.transports, config.Forward).ServeHTTP(w, out)
}
