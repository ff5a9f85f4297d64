package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbListener is a listener: its settings, and what has become of it.
type clbListener struct {
	clbSettings
	Status string `json:"Status"` // stopped, starting, running, stopping

	protocol   plane.Protocol
	tags       tags
	extensions []*clbExtension
	front      *plane.Front
	pool       *plane.Pool // of the instance's default servers, at the listener's backend port
	check      *plane.Check
	checked    *plane.Pool // which pool the check is of
}

// clbSettings are a listener's settings, as they are sent and as they are shown. Other schedulers, sticky sessions, access control,
// limits of bandwidth, master-slave groups, port ranges, draining, client certificates and the proxy protocol are not modelled.
type clbSettings struct {
	BalancerID  string `json:"LoadBalancerId" check:"required"`
	Port        int    `json:"ListenerPort" check:"required,1..65535"`
	BackendPort int    `json:"BackendServerPort,omitempty" check:"1..65535"`
	Bandwidth   int    `json:"Bandwidth" check:"-1..-1"`
	Description string `json:"Description" check:"1..256"`
	Scheduler   string `json:"Scheduler" check:"in=wrr"`
	GroupID     string `json:"VServerGroupId,omitempty"`
	UseGroup    string `json:"VServerGroup,omitempty" check:"in=on|off"`
	Gzip        string `json:"Gzip,omitempty" check:"in=on|off"`
	Idle        int    `json:"IdleTimeout,omitempty" check:"1..60"`     // seconds
	Timeout     int    `json:"RequestTimeout,omitempty" check:"1..180"` // seconds
	Sticky      string `json:"StickySession,omitempty" check:"in=off"`
	For         string `json:"XForwardedFor,omitempty" check:"in=on|off"`
	Proto       string `json:"XForwardedFor_proto,omitempty" check:"in=on|off"`
	SLBIP       string `json:"XForwardedFor_SLBIP,omitempty" check:"in=on|off"`
	SLBID       string `json:"XForwardedFor_SLBID,omitempty" check:"in=on|off"`
	SLBPort     string `json:"XForwardedFor_SLBPORT,omitempty" check:"in=on|off"`
	SrcPort     string `json:"XForwardedFor_ClientSrcPort,omitempty" check:"in=on|off"`
	Forward     string `json:"ListenerForward,omitempty" check:"in=on|off"`
	ForwardPort int    `json:"ForwardPort,omitempty" check:"1..65535"`
	ForwardCode int    `json:"ForwardCode,omitempty" check:"301..307"`
	Certificate string `json:"ServerCertificateId,omitempty"`
	HTTP2       string `json:"EnableHttp2,omitempty" check:"in=on|off"`
	Ciphers     string `json:"TLSCipherPolicy,omitempty"`
	clbCheck
}

// clbForeign are the settings that a protocol does not have.
var clbForeign = map[plane.Protocol][]string{
	plane.HTTP:  {"ServerCertificateId", "EnableHttp2", "TLSCipherPolicy", "HealthCheckType", "HealthCheckSwitch", "HealthCheckConnectTimeout", "healthCheckInterval"},
	plane.HTTPS: {"ListenerForward", "ForwardPort", "ForwardCode", "HealthCheckType", "HealthCheckSwitch", "HealthCheckConnectTimeout", "healthCheckInterval"},
	plane.TCP: {"ServerCertificateId", "EnableHttp2", "TLSCipherPolicy", "ListenerForward", "ForwardPort", "ForwardCode", "Gzip", "IdleTimeout", "RequestTimeout",
		"StickySession", "XForwardedFor", "XForwardedFor_proto", "XForwardedFor_SLBIP", "XForwardedFor_SLBID", "XForwardedFor_SLBPORT", "XForwardedFor_ClientSrcPort", "HealthCheck", "HealthCheckTimeout"},
}

func clbDefaults(protocol plane.Protocol) clbSettings {
	set := clbSettings{Bandwidth: -1, Scheduler: "wrr", clbCheck: clbDefaultCheck(protocol)}
	if protocol != plane.TCP {
		set.Gzip, set.Idle, set.Timeout, set.For, set.Sticky = "on", 15, 60, "on", "off"
	}
	if protocol == plane.HTTPS {
		set.HTTP2 = "on"
	}
	return set
}

func (s *Sim) clbCreateListener(protocol plane.Protocol) func(*wire.Call) (func() any, error) {
	return func(c *wire.Call) (func() any, error) {
		p := struct {
			clbSettings
			Tags tags `json:"Tag"`
		}{clbSettings: clbDefaults(protocol)}
		if err := c.Params.Bind(&p, wire.Classic); err != nil {
			return nil, err
		}
		b, err := s.clbIdle(p.BalancerID)
		if err != nil {
			return nil, err
		}
		l := &clbListener{clbSettings: p.clbSettings, Status: "stopped", protocol: protocol, tags: p.Tags}
		if err := s.clbVerify(c, b, l); err != nil {
			return nil, err
		}
		if err := clbRequire(c, l); err != nil {
			return nil, err
		}
		if b.listeners[p.Port] != nil {
			return nil, wire.Refuse("ListenerAlreadyExists", "There is already a listener bound to the port %d on the load balancer.", p.Port)
		}
		if used, limit := len(b.listeners), s.opts.CLB.Listeners; used >= limit {
			return nil, clbQuota("listeners of the instance", used, limit)
		}
		return func() any {
			port, err := s.opts.Listen(b.Address, l.Port)
			if err != nil {
				panic("slbsim: no port for a listener: " + err.Error())
			}
			l.front = plane.NewFront(port, s.clock)
			b.listeners[l.Port] = l
			s.clbJob(c, b, &b.busy, func() {})
			return reply{}
		}, nil
	}
}

// clbRequire refuses a new listener that lacks what the documents say it must have.
func clbRequire(c *wire.Call, l *clbListener) error {
	if l.GroupID == "" && l.BackendPort == 0 && l.Forward != "on" {
		return wire.Classic.Missing("BackendServerPort")
	}
	if l.protocol == plane.TCP || l.Forward == "on" {
		return nil
	}
	for _, name := range []string{"StickySession", "HealthCheck"} {
		if c.Params[name] == "" {
			return wire.Classic.Missing(name)
		}
	}
	if l.protocol == plane.HTTPS && l.Certificate == "" {
		return wire.Classic.Missing("ServerCertificateId")
	}
	return nil
}

// clbVerify holds settings against the listener that they are for.
func (s *Sim) clbVerify(c *wire.Call, b *clbBalancer, l *clbListener) error {
	for _, name := range clbForeign[l.protocol] {
		if _, sent := c.Params[name]; sent {
			return wire.Classic.Illegal(name)
		}
	}
	if l.GroupID != "" {
		if err := s.clbHasGroup(b, l.GroupID); err != nil {
			return err
		}
	}
	if l.Certificate != "" {
		if err := s.clbHasCertificate(l.Certificate); err != nil {
			return err
		}
	}
	if l.Forward == "on" && l.ForwardPort == 0 {
		return wire.Classic.Missing("ForwardPort")
	}
	return nil
}

// clbListenerAt finds a listener, of a protocol if one is named.
func (s *Sim) clbListenerAt(b *clbBalancer, port int, protocol plane.Protocol) (*clbListener, error) {
	l := b.listeners[port]
	if l == nil || protocol != "" && l.protocol != protocol {
		return nil, wire.NotFound("ListenerNotFound", "The specified resource does not exist: there is no such listener on port %d.", port)
	}
	return l, nil
}

// clbSteady refuses a change to a listener that starts or stops.
func (l *clbListener) steady() error {
	switch l.Status {
	case "starting":
		return wire.Refuse("OperationFailed.ListenerStatusNotSupport", "The listener's status starting does not allow it.")
	case "stopping":
		return wire.Refuse("ServiceIsStopping", "The specified listener is stopping.")
	}
	return nil
}

func (s *Sim) clbSetListener(protocol plane.Protocol) func(*wire.Call) (func() any, error) {
	return func(c *wire.Call) (func() any, error) {
		var key clbListenerKey
		if err := c.Params.Only("LoadBalancerId", "ListenerPort").Bind(&key, wire.Classic); err != nil {
			return nil, err
		}
		b, l, err := s.clbIdleListener(key, protocol)
		if err != nil {
			return nil, err
		}
		after := *l
		if err := c.Params.Bind(&after.clbSettings, wire.Classic); err != nil {
			return nil, err
		}
		if after.UseGroup == "off" {
			after.GroupID = ""
		}
		if err := s.clbVerify(c, b, &after); err != nil {
			return nil, err
		}
		return func() any {
			l.clbSettings = after.clbSettings
			s.clbJob(c, b, &b.busy, func() {})
			return reply{}
		}, nil
	}
}
