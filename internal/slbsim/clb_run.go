package slbsim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbIdleListener finds a listener that can be changed, and its instance.
func (s *Sim) clbIdleListener(key clbListenerKey, protocol plane.Protocol) (*clbBalancer, *clbListener, error) {
	b, err := s.clbIdle(key.BalancerID)
	if err != nil {
		return nil, nil, err
	}
	if protocol == "" {
		protocol = plane.Protocol(strings.ToUpper(key.Protocol))
	}
	l, err := s.clbListenerAt(b, key.Port, protocol)
	if err == nil {
		err = l.steady()
	}
	return b, l, err
}

func (s *Sim) clbStart(c *wire.Call, p clbListenerKey) (func() any, error) {
	return s.clbRun(c, p, "stopped", "starting", "running")
}

func (s *Sim) clbStop(c *wire.Call, p clbListenerKey) (func() any, error) {
	return s.clbRun(c, p, "running", "stopping", "stopped")
}

func (s *Sim) clbRun(c *wire.Call, p clbListenerKey, from, by, to string) (func() any, error) {
	b, l, err := s.clbIdleListener(p, "")
	if err != nil {
		return nil, err
	}
	if l.Status != from {
		return nil, wire.Refuse("OperationFailed.ListenerStatusNotSupport", "The listener's status is %s, not %s.", l.Status, from)
	}
	return func() any {
		l.Status = by
		s.clbJob(c, b, &b.busy, func() { l.Status = to })
		return reply{}
	}, nil
}

func (s *Sim) clbDeleteListener(c *wire.Call, p clbListenerKey) (func() any, error) {
	b, l, err := s.clbIdleListener(p, "")
	if err != nil {
		return nil, err
	}
	return func() any {
		s.clbDropListener(l)
		delete(b.listeners, l.Port)
		s.clbJob(c, b, &b.busy, func() {})
		return reply{}
	}, nil
}

func (s *Sim) clbDropListener(l *clbListener) {
	for _, r := range s.clbRulesOf(l) {
		r.drop()
		s.clb.rules.drop(r.ID)
	}
	l.shut()
}

func (l *clbListener) shut() {
	l.front.Close()
	if l.check != nil {
		l.check.Close()
	}
}

// key names a listener in lists of tags.
func (l *clbListener) key() string {
	return fmt.Sprintf("%s_%s_%d", l.BalancerID, l.protocolName(), l.Port)
}

// clbSetFronts tells the data plane what an instance's listeners do.
func (s *Sim) clbSetFronts(b *clbBalancer) {
	for _, port := range slices.Sorted(maps.Keys(b.listeners)) {
		s.clbSetFront(b, b.listeners[port])
	}
}

func (s *Sim) clbSetFront(b *clbBalancer, l *clbListener) {
	config := plane.FrontConfig{
		Protocol: l.protocol, HTTP2: l.protocol == plane.HTTP || l.HTTP2 == "on",
		Idle: time.Duration(l.Idle) * time.Second, Timeout: s.seconds(l.Timeout), Forward: l.headers(b),
	}
	if l.Certificate != "" {
		config.Certificates = append(config.Certificates, s.certs.byID[l.Certificate].pair)
	}
	for _, e := range l.extensions {
		config.Certificates = append(config.Certificates, s.certs.byID[e.Certificate].pair)
	}
	pool := s.clbPool(b, l)
	if l.checked != pool {
		if l.check != nil {
			l.check.Close()
		}
		l.check, l.checked = pool.NewCheck(), pool
	}
	l.check.Set(l.clbCheck.config(l.protocol, s.seconds))
	l.check.Activate(l.Status == "running")
	last := plane.Route{ID: l.key(), Spread: plane.NewSpread(&plane.Target{Pool: pool, Check: l.check, Weight: 100})}
	if l.Forward == "on" {
		last = plane.Route{ID: l.key(), Answer: l.redirect()}
	} else {
		config.Routes = s.clbRoutes(l)
	}
	config.Routes = append(config.Routes, last)
	l.front.Set(config)
	l.front.Open(l.Status == "running")
}

// clbPool is where a listener sends what no rule takes: its group, or the instance's default servers at its backend port.
func (s *Sim) clbPool(b *clbBalancer, l *clbListener) *plane.Pool {
	if g := s.clb.groups.byID[l.GroupID]; g != nil {
		return g.pool
	}
	if l.pool == nil {
		l.pool = plane.NewPool(s.clock)
	}
	config := plane.PoolConfig{Protocol: plane.HTTP}
	for _, one := range b.servers {
		at := *one
		at.Port = l.BackendPort
		config.Backends = append(config.Backends, at.backend())
	}
	l.pool.Set(config)
	return l.pool
}

// redirect sends clients to another listener, as HTTP to HTTPS.
func (l *clbListener) redirect() http.Handler {
	to := albRedirect{Protocol: "HTTPS", Port: strconv.Itoa(l.ForwardPort), Code: strconv.Itoa(max(l.ForwardCode, 301))}
	return to.answer(&albListener{Protocol: "HTTP", Port: l.Port})
}

// headers adds what the listener tells its backends about the client.
func (l *clbListener) headers(b *clbBalancer) func(out, in *http.Request) {
	on := func(value string) *bool { return new(value == "on") }
	x := albForwarded{For: on(l.For), Proto: on(l.Proto), SLBID: on(l.SLBID), SLBPort: on(l.SLBPort), SrcPort: on(l.SrcPort)}
	ip := l.SLBIP == "on"
	add := x.headers(&albListener{Protocol: string(l.protocol), Port: l.Port}, &albBalancer{ID: b.ID})
	return func(out, in *http.Request) {
		add(out, in)
		if ip {
			out.Header.Set("SLB-IP", b.Address)
		}
	}
}
