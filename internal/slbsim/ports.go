package slbsim

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// ListenLoopback opens a listener's port on its load balancer's own loopback address. Where that cannot be had, for want of a
// right or of the address (macOS has only 127.0.0.1), it is any free port of 127.0.0.1. Sim.Endpoint tells which it is.
func ListenLoopback(address string, port int) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err == nil {
		return l, nil
	}
	return new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
}

// address gives a load balancer an address of its own, out of 127.64.0.0/10. Each emulator begins somewhere else, so that
// several on one machine do not meet.
func (s *Sim) address() string {
	s.hosts++
	return fmt.Sprintf("127.%d.%d.%d", 64+s.hosts>>16&63, s.hosts>>8&255, s.hosts&255)
}

// Endpoint is the host and port where a load balancer's listener really listens; empty if there is no such listener.
func (s *Sim) Endpoint(loadBalancerID string, port int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.alb.listeners.all() {
		if l.BalancerID == loadBalancerID && l.Port == port {
			return l.front.Address()
		}
	}
	return s.clb.endpoint(loadBalancerID, port)
}
