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
	used := len(s.certs.where(func(c *certificate) bool { return c.clb }))
	if limit := s.opts.CLB.Certificates; used >= limit {
		return nil, clbQuota("slb_quota_certs_num", used, limit)
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
