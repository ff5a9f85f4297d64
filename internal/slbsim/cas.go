package slbsim

import (
	"crypto/sha1"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// certificate is a server certificate with its key: of CAS, whence ALB has them, or of CLB, which keeps its own.
type certificate struct {
	ID, Name string
	Tags     tags
	created  string
	clb      bool
	pair     tls.Certificate
}

// certificates are those of both.
type certificates struct {
	store[*certificate]
	last int
}

// AddCertificate puts a certificate in CAS, and gives its ID for ALB.
func (s *Sim) AddCertificate(name string, certPEM, keyPEM []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.newCertificate(name, string(certPEM), string(keyPEM))
	if err != nil {
		return "", err
	}
	s.certs.put(c.ID, c)
	return c.ID, nil
}

func (s *Sim) newCertificate(name, certPEM, keyPEM string) (*certificate, error) {
	parsed, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		return nil, err
	}
	s.certs.last++
	return &certificate{ID: fmt.Sprintf("%d-%s", 10_000_000+s.certs.last, s.opts.Region), Name: name, created: s.stamp(), pair: parsed}, nil
}

// casProduct is as much of the certificate service as brings certificates to ALB and takes them away.
func (s *Sim) casProduct() wire.Product {
	return wire.Product{Name: "cas", Version: "2020-04-07", Global: true, Dialect: wire.Classic, Actions: []wire.Action{
		wire.Plain("UploadUserCertificate", s.casUpload),
		wire.Read("ListUserCertificateOrder", s.casList),
		wire.Read("GetUserCertificateDetail", s.casGet),
		wire.Plain("DeleteUserCertificate", s.casDelete),
	}}
}

type casUploadParams struct {
	Name  string `json:"Name" check:"required,1..64"`
	Cert  string `json:"Cert" check:"required"`
	Key   string `json:"Key" check:"required"`
	Group string `json:"ResourceGroupId"`
	Tags  tags   `json:"Tags"`
}

func (s *Sim) casUpload(_ *wire.Call, p casUploadParams) (func() any, error) {
	c, err := s.newCertificate(p.Name, p.Cert, p.Key)
	if err != nil {
		return nil, wire.Refuse("InvalidCertificate", "The certificate or its key cannot be used: %v.", err)
	}
	for _, other := range s.certs.all() {
		if other.Name == p.Name && !other.clb {
			return nil, wire.Refuse("NameRepeat", "The certificate name %s already exists.", p.Name)
		}
	}
	return func() any {
		c.Tags = p.Tags
		s.certs.put(c.ID, c)
		return reply{"CertId": c.number()}
	}, nil
}

// number is what CAS calls a certificate; ALB adds the region.
func (c *certificate) number() int {
	n := 0
	_, _ = fmt.Sscanf(c.ID, "%d-", &n) // made so above
	return n
}

type casID struct {
	ID *int `json:"CertId" check:"required"`
}

func (s *Sim) casFind(p casID) (*certificate, error) {
	c, ok := s.certs.byID[strconv.Itoa(*p.ID)+"-"+s.opts.Region]
	if !ok || c.clb {
		return nil, wire.NotFound("NotFound", "The certificate %d does not exist.", *p.ID)
	}
	return c, nil
}

func (s *Sim) casGet(_ *wire.Call, p casID) (any, error) {
	c, err := s.casFind(p)
	if err != nil {
		return nil, err
	}
	leaf := c.pair.Leaf
	return reply{
		"Id": c.number(), "Name": c.Name, "Common": leaf.Subject.CommonName, "CertIdentifier": c.ID,
		"StartDate": leaf.NotBefore.Format("2006-01-02"), "EndDate": leaf.NotAfter.Format("2006-01-02"),
	}, nil
}

type casListParams struct {
	Keyword string `json:"Keyword"`
	Status  string `json:"Status" check:"in=CHECKING|CHECKED_FAIL|ISSUED|WILLEXPIRED|EXPIRED|NOTACTIVATED|REVOKED"`
	Type    string `json:"OrderType" check:"in=CPACK|BUY|UPLOAD|CERT"`
	Page    *int   `json:"CurrentPage" check:"1..2147483647"`
	Size    *int   `json:"ShowSize" check:"1..100"`
}

// aboutToExpire is how long before its end a certificate counts as about to expire [U].
const aboutToExpire = 30 * 24 * time.Hour

// casList has certificates where those are asked for: without a type it has orders, of which there are none here; without a status it
// has none that expired. A keyword is for domains, not for names. Source: document "ListUserCertificateOrder".
func (s *Sim) casList(_ *wire.Call, p casListParams) (any, error) {
	type model struct {
		ID          int    `json:"CertificateId"`
		Name        string `json:"Name"`
		CommonName  string `json:"CommonName"`
		Sans        string `json:"Sans"`
		Fingerprint string `json:"Fingerprint"`
		Status      string `json:"Status"`
		Expired     bool   `json:"Expired"`
		Upload      bool   `json:"Upload"`
		EndDate     string `json:"EndDate"`
	}
	found := []model{}
	for _, c := range s.certs.all() {
		leaf := c.pair.Leaf
		m := model{
			ID: c.number(), Name: c.Name, CommonName: leaf.Subject.CommonName, Sans: strings.Join(leaf.DNSNames, ","), Status: "ISSUED",
			Fingerprint: fmt.Sprintf("%X", sha1.Sum(leaf.Raw)), Upload: true, EndDate: leaf.NotAfter.Format("2006-01-02"),
		}
		switch now := time.Now(); {
		case now.After(leaf.NotAfter):
			m.Status, m.Expired = "EXPIRED", true
		case now.Add(aboutToExpire).After(leaf.NotAfter):
			m.Status = "WILLEXPIRED"
		}
		if c.clb || p.Type != "UPLOAD" && p.Type != "CERT" || !strings.Contains(m.CommonName+","+m.Sans, p.Keyword) {
			continue
		}
		if p.Status == m.Status || p.Status == "" && !m.Expired {
			found = append(found, m)
		}
	}
	items, frame := number(found, numberPage{p.Page, new(or(p.Size, 50))})
	return reply{"CertificateOrderList": items, "CurrentPage": frame.Number, "ShowSize": frame.Size, "TotalCount": frame.Total}, nil
}

func (s *Sim) casDelete(_ *wire.Call, p casID) (func() any, error) {
	c, err := s.casFind(p)
	if err != nil {
		return nil, err
	}
	if user := s.certificateUser(c.ID); user != "" {
		return nil, wire.Refuse("CertificateInUse", "The certificate %s is used by the listener %s.", c.ID, user)
	}
	return func() any {
		s.certs.drop(c.ID)
		return reply{}
	}, nil
}

// certificateUser gives a listener that has the certificate.
func (s *Sim) certificateUser(id string) string {
	for _, l := range s.alb.listeners.all() {
		is := func(c albCertificate) bool { return c.ID == id }
		if slices.Contains(l.extra, id) || slices.ContainsFunc(l.Certificates, is) {
			return l.ID
		}
	}
	return s.clb.certificateUser(id)
}
