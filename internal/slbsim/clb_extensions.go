package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbExtension is a certificate of an HTTPS listener for one more domain.
type clbExtension struct {
	ID          string `json:"DomainExtensionId"`
	Domain      string `json:"Domain"`
	Certificate string `json:"ServerCertificateId"`
}

type clbCreateExtensionParams struct {
	clbListenerKey
	Domain      string `json:"Domain" check:"required"`
	Certificate string `json:"ServerCertificateId" check:"required"`
}

func (s *Sim) clbCreateExtension(c *wire.Call, p clbCreateExtensionParams) (func() any, error) {
	p.Protocol = "https"
	b, l, err := s.clbIdleListener(p.clbListenerKey, "")
	if err == nil {
		err = s.clbHasCertificate(p.Certificate)
	}
	if err != nil {
		return nil, err
	}
	if !clbDomain.MatchString(p.Domain) {
		return nil, wire.Classic.Illegal("Domain")
	}
	if slices.ContainsFunc(l.extensions, func(e *clbExtension) bool { return e.Domain == p.Domain }) {
		return nil, wire.Refuse("DomainExtensionExist", "The domain %s has an extension already.", p.Domain) // the code is [U]
	}
	if used, limit := len(l.extensions), s.opts.CLB.Extensions; used >= limit {
		return nil, clbQuota("slb_quota_domain_extensions_num", used, limit)
	}
	return func() any {
		e := &clbExtension{s.id("de-"), p.Domain, p.Certificate}
		l.extensions = append(l.extensions, e)
		s.clbJob(c, b, &b.busy, func() {})
		return reply{"DomainExtensionId": e.ID, "ListenerPort": l.Port}
	}, nil
}

type clbListExtensionsParams struct {
	clbListenerKey
	ID string `json:"DomainExtensionId"`
}

func (s *Sim) clbListExtensions(_ *wire.Call, p clbListExtensionsParams) (any, error) {
	b, err := s.clbFind(p.BalancerID)
	if err != nil {
		return nil, err
	}
	l, err := s.clbListenerAt(b, p.Port, "HTTPS")
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(l.extensions), func(e *clbExtension) bool { return !like(p.ID, e.ID) })
	return reply{"DomainExtensions": reply{"DomainExtension": found}}, nil
}

type clbExtensionID struct {
	ID string `json:"DomainExtensionId" check:"required"`
}

// clbExtensionOf finds an extension, its listener and its instance, which can be changed.
func (s *Sim) clbExtensionOf(id string) (*clbBalancer, *clbListener, int, error) {
	for _, b := range s.clb.balancers.all() {
		for _, l := range b.listeners {
			if i := slices.IndexFunc(l.extensions, func(e *clbExtension) bool { return e.ID == id }); i >= 0 {
				_, err := s.clbIdle(b.ID)
				return b, l, i, err
			}
		}
	}
	return nil, nil, 0, wire.NotFound("InvalidParameter.DomainExtensionId", "The domain extension %s does not exist.", id)
}

type clbSetExtensionParams struct {
	clbExtensionID
	Certificate string `json:"ServerCertificateId" check:"required"`
}

func (s *Sim) clbSetExtension(c *wire.Call, p clbSetExtensionParams) (func() any, error) {
	b, l, i, err := s.clbExtensionOf(p.ID)
	if err == nil {
		err = s.clbHasCertificate(p.Certificate)
	}
	return func() any {
		l.extensions[i].Certificate = p.Certificate
		s.clbJob(c, b, &b.busy, func() {})
		return reply{}
	}, err
}

func (s *Sim) clbDeleteExtension(c *wire.Call, p clbExtensionID) (func() any, error) {
	b, l, i, err := s.clbExtensionOf(p.ID)
	return func() any {
		l.extensions = slices.Delete(l.extensions, i, i+1)
		s.clbJob(c, b, &b.busy, func() {})
		return reply{}
	}, err
}
