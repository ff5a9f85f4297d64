package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// serve answers until the context ends, and then in three steps:
//
//  1. The lease is free at once, so that another replica dispatches: what waits here goes there. New events are taken on for a while, for
//     the cluster finds out only by and by.
//  2. Events in Pods end as they would, and so do those that another replica has; what waits for a replica that does not come is
//     told to come again when the time of the drain is half over.
//  3. The count is taken out of the policies' status.
func (g *gateway) serve(ctx context.Context, failed chan error, events, peers net.Listener) error {
	servers := []*http.Server{httpServer(g.server.events()), httpServer(g.server.peers())}
	for i, l := range []net.Listener{events, peers} {
		go func() {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	select {
	case <-ctx.Done():
	case err := <-failed:
		return err
	}
	log := ctrl.Log.WithName("gateway")
	log.Info("the gateway stops", "inFlight", g.targets.inFlight())
	g.role.observe("")
	time.Sleep(g.settle)
	limit, stop := context.WithTimeout(context.WithoutCancel(ctx), g.drain)
	defer stop()
	defer time.AfterFunc(g.drain/2, g.hurry).Stop()
	done := make(chan error, len(servers))
	for _, s := range servers {
		go func() { done <- s.Shutdown(limit) }()
	}
	var errs []error
	for range servers {
		if err := <-done; err != nil {
			errs = append(errs, err)
		}
	}
	if n := g.targets.inFlight(); n > 0 {
		log.Info("events are cut off: they did not end in time", "inFlight", n)
	}
	for _, s := range servers {
		_ = s.Close()
	}
	g.targets.close()
	return errors.Join(errs...)
}

// httpServer takes HTTP/1.1, and HTTP/2 without TLS. There is no limit on how long an event takes: its policy has one.
func httpServer(h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}
