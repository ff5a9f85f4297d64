package slbsim

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type clbUploadParams struct {
	Name string `json:"ServerCertificateName" check:"1..80"`
	Cert string `json:"ServerCertificate" check:"required"`
	Key  string `json:"PrivateKey" check:"required"`
	Tags tags   `json:"Tag" check:"0..20"`
}

func (s *Sim) clbUpload(_ *wire.Call, p clbUploadParams) (func() any, error) {
	c, err := s.newCertificate(p.Name, p.Cert, p.Key)
	if err != nil {
		return nil, wire.Refuse("CertificateAndPrivateKeyIsRefuse", "The certificate or its key cannot be used: %v.", err)
	}
	return func() any {
		c.ID, c.clb, c.Tags = s.id("cert-"), true, p.Tags
		def(&c.Name, c.ID)
		s.certs.put(c.ID, c)
		return c.view(s.opts.Region)
	}, nil
}

// view is a certificate in CLB's words.
func (c *certificate) view(region string) reply {
	leaf := c.pair.Leaf
	var fingerprint []string
	for _, b := range sha1.Sum(leaf.Raw) {
		fingerprint = append(fingerprint, fmt.Sprintf("%02x", b))
	}
	return reply{
		"ServerCertificateId": c.ID, "ServerCertificateName": c.Name, "CommonName": leaf.Subject.CommonName, "RegionId": region,
		"Fingerprint": strings.Join(fingerprint, ":"), "ExpireTime": leaf.NotAfter.Format("2006-01-02T15:04:05Z"),
		"ExpireTimeStamp": leaf.NotAfter.UnixMilli(), "CreateTime": c.created, "Tags": c.Tags.clb(), "IsAliCloudCertificate": 0,
		"SubjectAlternativeNames": reply{"SubjectAlternativeName": leaf.DNSNames},
	}
}

func (s *Sim) clbHasCertificate(id string) error {
	if c := s.certs.byID[id]; c == nil || !c.clb {
		return wire.NotFound("CertificateNotExist", "The specified certificate %s does not exist.", id)
	}
	return nil
}

type clbListCertificatesParams struct {
	ID   string      `json:"ServerCertificateId"`
	Tags []tagFilter `json:"Tag"`
}

func (s *Sim) clbListCertificates(_ *wire.Call, p clbListCertificatesParams) (any, error) {
	views := []reply{}
	for _, c := range s.certs.where(func(c *certificate) bool { return c.clb && like(p.ID, c.ID) && c.Tags.match(p.Tags) }) {
		views = append(views, c.view(s.opts.Region))
	}
	return reply{"ServerCertificates": reply{"ServerCertificate": views}}, nil
}

type clbRenameCertificateParams struct {
	clbCertificateID
	Name string `json:"ServerCertificateName" check:"required,1..80"`
}

func (s *Sim) clbRenameCertificate(_ *wire.Call, p clbRenameCertificateParams) (func() any, error) {
	return func() any {
		s.certs.byID[p.ID].Name = p.Name
		return reply{}
	}, s.clbHasCertificate(p.ID)
}

type clbCertificateID struct {
	ID string `json:"ServerCertificateId" check:"required"`
}

func (s *Sim) clbDeleteCertificate(_ *wire.Call, p clbCertificateID) (func() any, error) {
	if err := s.clbHasCertificate(p.ID); err != nil {
		return nil, err
	}
	if user := s.clb.certificateUser(p.ID); user != "" {
		return nil, wire.Refuse("CertificateBeingUsed", "The certificate %s is used by the listener %s.", p.ID, user) // the code is [U]
	}
	return func() any {
		s.certs.drop(p.ID)
		return reply{}
	}, nil
}

// certificateUser gives a listener that has the certificate.
func (c *clbState) certificateUser(id string) string {
	for _, b := range c.balancers.all() {
		for _, l := range b.listeners {
			has := func(e *clbExtension) bool { return e.Certificate == id }
			if l.Certificate == id || slices.ContainsFunc(l.extensions, has) {
				return l.key()
			}
		}
	}
	return ""
}

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
