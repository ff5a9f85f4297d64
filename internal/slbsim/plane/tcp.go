package plane

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// serveTCP joins a connection with one to a backend, byte by byte.
func (f *Front) serveTCP(conn net.Conn, config *FrontConfig) {
	defer hangUp(conn)
	target, err := config.Routes[0].Spread.next()
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(f.life)
	defer cancel(nil)
	client, _, _ := net.SplitHostPort(conn.RemoteAddr().String()) // the kernel wrote it
	flow, release, err := target.Pool.take(target.Check, client, cancel)
	if err != nil {
		return
	}
	defer release()
	back, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", flow.address)
	if err != nil {
		return
	}
	defer hangUp(back)
	stop := context.AfterFunc(ctx, func() { hangUp(conn, back) })
	defer stop()
	join(conn, back)
}

func hangUp(conns ...net.Conn) {
	for _, c := range conns {
		_ = c.Close() // there is no one left to tell
	}
}

// join copies both ways, and passes on each end of a stream.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0]) // an end is an end
			if half, ok := way[1].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite() // it may be closed already
			}
		})
	}
	both.Wait()
}
