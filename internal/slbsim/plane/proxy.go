package plane

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// transports speak to backends, one a protocol. None retries on another backend.
type transports map[Protocol]http.RoundTripper

func newTransports() transports {
	transport := func(use func(*http.Protocols), secure bool) http.RoundTripper {
		protocols := new(http.Protocols)
		use(protocols)
		t := &http.Transport{
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			Protocols:   protocols, DisableCompression: true,
			MaxIdleConnsPerHost: 256, IdleConnTimeout: 15 * time.Second,
		}
		if secure {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // ALB does not verify its backends' certificates
		}
		return t
	}
	h1 := func(p *http.Protocols) { p.SetHTTP1(true) }
	return transports{
		HTTP:  transport(h1, false),
		HTTPS: transport(h1, true),
		GRPC:  transport(func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) }, false),
	}
}

// proxy carries one request to a backend and its answer back.
type proxy struct {
	*httputil.ReverseProxy
}

// hop is what the proxy has to know of a request; it travels in its context.
type hop struct {
	address  string
	protocol Protocol
	answered func() // called when the backend's header is there
}

type hopKey struct{}

func newProxy(byProtocol transports, forward func(out, in *http.Request)) *proxy {
	return &proxy{&httputil.ReverseProxy{
		FlushInterval: -1,
		Transport:     byProtocol,
		Rewrite: func(r *httputil.ProxyRequest) {
			h := hopOf(r.In)
			r.Out.URL.Scheme, r.Out.URL.Host = "http", h.address
			if h.protocol == HTTPS {
				r.Out.URL.Scheme = "https"
			}
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host
			forward(r.Out, r.In)
		},
		ModifyResponse: func(r *http.Response) error {
			hopOf(r.Request).answered()
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if cause := context.Cause(r.Context()); cause != nil {
				err = cause
			}
			fail(w, err)
		},
	}}
}

func hopOf(r *http.Request) hop {
	h, _ := r.Context().Value(hopKey{}).(hop) // the front puts it there
	return h
}

// RoundTrip takes the transport of the pool's protocol.
func (t transports) RoundTrip(r *http.Request) (*http.Response, error) {
	return t[hopOf(r).protocol].RoundTrip(r)
}

func (t transports) close() {
	for _, one := range t {
		if h, ok := one.(*http.Transport); ok {
			h.CloseIdleConnections()
		}
	}
}

var errTimeout = errors.New("the backend did not answer within the request timeout")

// fail answers for a backend that did not.
//
//	why                                           status
//	nothing to go to: no backend with a weight    503
//	no healthy backend, refused, broken, removed  502
//	no answer within the request timeout          504
func fail(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	switch {
	case errors.Is(err, errNoBackend):
		status = http.StatusServiceUnavailable
	case errors.Is(err, errTimeout):
		status = http.StatusGatewayTimeout
	}
	w.Header().Set("Server", "slbsim")
	http.Error(w, http.StatusText(status)+": "+err.Error(), status)
}
