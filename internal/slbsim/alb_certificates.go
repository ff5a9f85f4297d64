package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type albListCertificatesParams struct {
	tokenPage
	ID   string `json:"ListenerId" check:"required"`
	Type string `json:"CertificateType" check:"in=Server"`
}

func (s *Sim) albListCertificates(_ *wire.Call, p albListCertificatesParams) (any, error) {
	l, err := s.albListenerIn(p.ID)
	if err != nil {
		return nil, err
	}
	type model struct {
		albCertificate
		Type string `json:"CertificateType"`
	}
	var all []model
	for _, one := range l.Certificates {
		all = append(all, model{one, "Server"})
	}
	for _, id := range l.extra {
		all = append(all, model{albCertificate{ID: id, Status: "Associated"}, "Server"})
	}
	items, frame, err := cut(all, func(m model) string { return m.ID }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []model `json:"Certificates"`
	}{frame, items}, err
}

type albCertificatesParams struct {
	ID           string                `json:"ListenerId" check:"required"`
	Certificates []albCertificateParam `json:"Certificates" check:"required,1..20"`
}

func (s *Sim) albAddCertificates(c *wire.Call, p albCertificatesParams) (func() any, error) {
	l, err := s.albTLSListener(p.ID)
	if err != nil {
		return nil, err
	}
	extra := slices.Clone(l.extra)
	for _, one := range p.Certificates {
		if _, ok := s.certs.byID[one.ID]; !ok {
			return nil, albNotFound("Certificate", one.ID)
		}
		if slices.Contains(extra, one.ID) || l.Certificates[0].ID == one.ID {
			return nil, wire.Refuse("ResourceAlreadyAssociated.Certificate",
				"The specified resource certificate %s is already associated with the listener.", one.ID)
		}
		extra = append(extra, one.ID)
	}
	b := s.alb.balancers.byID[l.BalancerID]
	used := len(extra)
	for _, o := range s.alb.listeners.where(func(o *albListener) bool { return o != l && o.BalancerID == b.ID }) {
		used += len(o.extra)
	}
	if limit := s.edition(b).Certificates; used > limit {
		return nil, albQuota("Certificates", "alb_quota_loadbalancer_certificates_num", used, limit)
	}
	return func() any { return reply{"JobId": s.configure(c, l, func() { l.extra = extra })} }, nil
}

func (s *Sim) albDropCertificates(c *wire.Call, p albCertificatesParams) (func() any, error) {
	l, err := s.albTLSListener(p.ID)
	if err != nil {
		return nil, err
	}
	extra := slices.Clone(l.extra)
	for _, one := range p.Certificates {
		i := slices.Index(extra, one.ID)
		if i < 0 {
			return nil, wire.Refuse("ResourceNotAssociated.Certificate",
				"The specified resource certificate %s is not associated with the listener.", one.ID)
		}
		extra = slices.Delete(extra, i, i+1)
	}
	return func() any { return reply{"JobId": s.configure(c, l, func() { l.extra = extra })} }, nil
}

func (s *Sim) albTLSListener(id string) (*albListener, error) {
	l, err := s.albIdleListener(id)
	if err == nil && l.Protocol != "HTTPS" {
		err = albIllegal("ListenerId", "Only an HTTPS listener has certificates.")
	}
	return l, err
}
