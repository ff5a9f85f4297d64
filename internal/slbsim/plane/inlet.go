package plane

import (
	"errors"
	"io"
	"log"
	"net"
	"sync"
)

var errNoCertificate = errors.New("the front has no certificate")

// quiet swallows what net/http says about clients that break off.
var quiet = log.New(io.Discard, "", 0)

// inlet is a net.Listener that is given its connections, so that servers can change behind one port.
type inlet struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newInlet(a net.Addr) *inlet {
	return &inlet{address: a, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// put hands a connection over, unless the inlet is closed.
func (i *inlet) put(c net.Conn) bool {
	select {
	case i.conns <- c:
		return true
	case <-i.closed:
		return false
	}
}

// Accept waits for a connection.
func (i *inlet) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Accept return.
func (i *inlet) Close() error {
	i.once.Do(func() { close(i.closed) })
	return nil
}

// Addr is the address of the port.
func (i *inlet) Addr() net.Addr { return i.address }
