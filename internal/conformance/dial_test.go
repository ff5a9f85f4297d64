//go:build conformance

package conformance

import (
	"bufio"
	"net"
	"sync"
)

// either takes connections at two ports for whichever of the two speaks what they speak: of a load balancer that has an IP, the suite
// dials one port for HTTP and HTTPS alike, 80 or, where HTTP is redirected, 443.
type either struct {
	plain, secure chan net.Conn
}

// tlsRecord is the first byte of a TLS handshake.
const tlsRecord = 0x16

func newEither() *either { return &either{make(chan net.Conn), make(chan net.Conn)} }

// listener gives one whose connections are HTTP, or HTTPS.
func (e *either) listener(l net.Listener, secure bool) net.Listener {
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go e.sort(conn)
		}
	}()
	mine := e.plain
	if secure {
		mine = e.secure
	}
	return &sorted{Listener: l, conns: mine, closed: make(chan struct{})}
}

func (e *either) sort(conn net.Conn) {
	peeked := &peeked{conn, bufio.NewReader(conn)}
	first, err := peeked.reader.Peek(1)
	switch {
	case err != nil:
		_ = conn.Close()
	case first[0] == tlsRecord:
		e.secure <- peeked
	default:
		e.plain <- peeked
	}
}

// sorted is a listener of connections that were sorted.
type sorted struct {
	net.Listener
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (s *sorted) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *sorted) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Listener.Close()
}

// peeked is a connection whose first bytes were looked at.
type peeked struct {
	net.Conn
	reader *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }
