package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albListener is a listener, in the API's words.
type albListener struct {
	ID             string             `json:"ListenerId"`
	BalancerID     string             `json:"LoadBalancerId"`
	Port           int                `json:"ListenerPort"`
	Protocol       string             `json:"ListenerProtocol"`
	Status         string             `json:"ListenerStatus"` // Provisioning, Running, Configuring, Stopped, Deleting
	Description    string             `json:"ListenerDescription"`
	Default        []albDefaultAction `json:"DefaultActions"`
	Certificates   []albCertificate   `json:"Certificates"` // only the default one; the others: ListListenerCertificates
	SecurityPolicy string             `json:"SecurityPolicyId,omitempty"`
	HTTP2          bool               `json:"Http2Enabled"`
	Gzip           bool               `json:"GzipEnabled"`
	Idle           int                `json:"IdleTimeout"`    // seconds
	Timeout        int                `json:"RequestTimeout"` // seconds
	Forwarded      albForwarded       `json:"XForwardedForConfig"`
	Tags           tags               `json:"Tags"`

	extra  []string // additional certificates
	front  *plane.Front
	spread *plane.Spread // of the default action
	busy   bool          // a job changes its rules
}

type albDefaultAction struct {
	Type    string           `json:"Type" check:"required,in=ForwardGroup"`
	Forward *albForwardGroup `json:"ForwardGroupConfig"`
}

type albCertificate struct {
	ID      string `json:"CertificateId" check:"required"`
	Default bool   `json:"IsDefault"`
	Status  string `json:"Status"`
}

type albCertificateParam struct {
	ID string `json:"CertificateId" check:"required"`
}

// albForwarded is which headers the listener tells the backends. Those about client certificates are not modelled.
type albForwarded struct {
	For     *bool  `json:"XForwardedForEnabled"`
	Mode    string `json:"XForwardedForProcessingMode" check:"in=append|remove"`
	Proto   *bool  `json:"XForwardedForProtoEnabled"`
	Host    *bool  `json:"XForwardedForHostEnabled"`
	SLBID   *bool  `json:"XForwardedForSLBIdEnabled"`
	SLBPort *bool  `json:"XForwardedForSLBPortEnabled"`
	SrcPort *bool  `json:"XForwardedForClientSrcPortEnabled"`
}

// albListenerParams are what create and update have in common.
type albListenerParams struct {
	Description    *string               `json:"ListenerDescription" check:"2..256"`
	Default        []albDefaultAction    `json:"DefaultActions" check:"1..1"`
	Certificates   []albCertificateParam `json:"Certificates" check:"1..1"`
	SecurityPolicy *string               `json:"SecurityPolicyId"`
	HTTP2          *bool                 `json:"Http2Enabled"`
	Gzip           *bool                 `json:"GzipEnabled"`
	Idle           *int                  `json:"IdleTimeout" check:"1..60"`
	Timeout        *int                  `json:"RequestTimeout" check:"1..180"`
	Forwarded      *albForwarded         `json:"XForwardedForConfig"`
}

type albCreateListenerParams struct {
	albListenerParams
	BalancerID string `json:"LoadBalancerId" check:"required"`
	Port       *int   `json:"ListenerPort" check:"required,1..65535"`
	Protocol   string `json:"ListenerProtocol" check:"required,in=HTTP|HTTPS"`
	Tags       tags   `json:"Tag" check:"0..20"`
}

func (s *Sim) albCreateListener(c *wire.Call, p albCreateListenerParams) (func() any, error) {
	b, err := s.albBalancerIn(p.BalancerID, "Active")
	if err != nil {
		return nil, err
	}
	siblings := s.alb.listeners.where(func(l *albListener) bool { return l.BalancerID == b.ID })
	if slices.ContainsFunc(siblings, func(l *albListener) bool { return l.Port == *p.Port }) {
		return nil, wire.Refuse("ResourceAlreadyExist.Listener", "The specified resource listener on port %d is already exist.", *p.Port)
	}
	if limit := s.edition(b).Listeners; len(siblings) >= limit {
		return nil, albQuota("Listeners", "alb_quota_loadbalancer_listeners_num", len(siblings), limit)
	}
	l := &albListener{
		ID: s.id("lsn-"), BalancerID: b.ID, Port: *p.Port, Protocol: p.Protocol, Status: "Provisioning", HTTP2: p.Protocol == "HTTPS",
		Gzip: true, Idle: 15, Timeout: 60, Tags: p.Tags, Certificates: []albCertificate{},
	}
	if len(p.Default) == 0 {
		return nil, albDialect.Missing("DefaultActions")
	}
	if p.Protocol == "HTTPS" && len(p.Certificates) == 0 {
		return nil, albDialect.Missing("Certificates")
	}
	if err := s.albCheckListener(b, l, p.albListenerParams); err != nil {
		return nil, err
	}
	l.apply(p.albListenerParams)
	return func() any {
		port, err := s.opts.Listen(b.address, l.Port)
		if err != nil {
			panic("slbsim: no port for a listener: " + err.Error())
		}
		l.front = plane.NewFront(port, s.clock)
		s.alb.listeners.put(l.ID, l)
		b.Status = "Configuring"
		return reply{"ListenerId": l.ID, "JobId": s.start(c, "listener", l.ID, func() {
			b.Status, l.Status = "Active", "Running"
			s.albSetFront(l)
		}, func() {
			b.Status = "Active"
			l.front.Close()
			s.alb.listeners.drop(l.ID)
		})}
	}, nil
}

// albCheckListener holds settings against the listener that they are for.
func (s *Sim) albCheckListener(b *albBalancer, l *albListener, p albListenerParams) error {
	if len(p.Default) > 0 {
		forward := p.Default[0].Forward
		if forward == nil || len(forward.Tuples) != 1 || forward.Tuples[0].Weight != nil {
			return albIllegal("DefaultActions", "A default action has one server group, without a weight.")
		}
		if err := s.albCheckForward(b, l.Protocol, forward); err != nil {
			return err
		}
	}
	for _, one := range p.Certificates {
		if l.Protocol != "HTTPS" {
			return albIllegal("Certificates", "Only an HTTPS listener has certificates.")
		}
		if _, ok := s.certs.byID[one.ID]; !ok {
			return albNotFound("Certificate", one.ID)
		}
	}
	if l.Protocol != "HTTPS" && (p.HTTP2 != nil || p.SecurityPolicy != nil) {
		return albIllegal("Http2Enabled", "Only an HTTPS listener has Http2Enabled and SecurityPolicyId.")
	}
	return nil
}

func (l *albListener) apply(p albListenerParams) {
	set(&l.Description, p.Description)
	set(&l.SecurityPolicy, p.SecurityPolicy)
	set(&l.HTTP2, p.HTTP2)
	set(&l.Gzip, p.Gzip)
	set(&l.Idle, p.Idle)
	set(&l.Timeout, p.Timeout)
	set(&l.Forwarded, p.Forwarded)
	if len(p.Default) > 0 {
		l.Default, l.spread = p.Default, nil
	}
	if len(p.Certificates) > 0 {
		l.Certificates = []albCertificate{{ID: p.Certificates[0].ID, Default: true, Status: "Associated"}}
	}
}

// albListenerIn finds a listener, in one of these states if any are named.
func (s *Sim) albListenerIn(id string, steady ...string) (*albListener, error) {
	l, ok := s.alb.listeners.byID[id]
	if !ok {
		return nil, albNotFound("Listener", id)
	}
	return l, albSteady("Listener", l.Status, steady...)
}

type albListenerID struct {
	ID string `json:"ListenerId" check:"required"`
}

func (s *Sim) albGetListener(_ *wire.Call, p albListenerID) (any, error) {
	return s.albListenerIn(p.ID)
}

type albListListenersParams struct {
	tokenPage
	IDs       []string    `json:"ListenerIds" check:"0..20"`
	Balancers []string    `json:"LoadBalancerIds" check:"0..20"`
	Protocol  string      `json:"ListenerProtocol"`
	Status    string      `json:"Status"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) albListListeners(_ *wire.Call, p albListListenersParams) (any, error) {
	found := s.alb.listeners.where(func(l *albListener) bool {
		return among(p.IDs, l.ID) && among(p.Balancers, l.BalancerID) && like(p.Protocol, l.Protocol) && like(p.Status, l.Status) &&
			l.Tags.match(p.Tags)
	})
	items, frame, err := cut(found, func(l *albListener) string { return l.ID }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []*albListener `json:"Listeners"`
	}{frame, items}, err
}
