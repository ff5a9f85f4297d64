package clb

import (
	"context"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// certificate is one of the owner's, which CLB keeps for the whole region.
type certificate struct {
	ID   string `json:"ServerCertificateId"`
	Name string `json:"ServerCertificateName"`
}

// extension is what CLB calls another certificate of a listener: that of one domain.
type extension struct {
	ID          string `json:"DomainExtensionId"`
	Domain      string `json:"Domain"`
	Certificate string `json:"ServerCertificateId"`
}

// wantedCertificate is a certificate as it should be.
type wantedCertificate struct {
	slb.Certificate
	Name string
}

// wantedExtension is an extension as it should be.
type wantedExtension struct {
	Port   int
	Domain string
	wantedCertificate
}

// want adds what a rule needs: on each HTTPS listener that it stands on an extension for its host, or for all that the certificate is
// for, since a listener has few; and the certificate, unless an extension for the same is there with another, which serves as well.
func (d *desired) want(r wantedRule, c wantedCertificate, fronts map[int]front) {
	for _, port := range r.Ports {
		e := wantedExtension{port, domainOf(c.Names, r.Host), c}
		same := func(o wantedExtension) bool { return o.Port == e.Port && o.Domain == e.Domain }
		if fronts[port].Protocol == "HTTPS" && !slices.ContainsFunc(d.Extensions, same) {
			d.Extensions = append(d.Extensions, e)
			if !slices.ContainsFunc(d.Certificates, func(o wantedCertificate) bool { return o.Name == c.Name }) {
				d.Certificates = append(d.Certificates, c)
			}
		}
	}
}

// domainOf is the name of a certificate that a host is meant by: itself, or *.example.com.
func domainOf(names []string, host string) string {
	host = strings.ToLower(host)
	_, domain, _ := strings.Cut(host, ".")
	if !slices.Contains(names, host) && slices.Contains(names, "*."+domain) {
		return "*." + domain
	}
	return host
}

// serves says whether it is for a rule.
func (e wantedExtension) serves(r wantedRule) bool {
	return r.Certificate == e.Key && e.Domain == domainOf(e.Names, r.Host)
}

// readCertificates reads which certificates are the owner's, and which each HTTPS listener has beside its own.
func (d *Deployer) readCertificates(ctx context.Context, w slb.Wanted, s *state) (err error) {
	if s.certificates, err = d.api.certificates(ctx, w.Owner); err != nil {
		return err
	}
	for _, l := range w.Listeners {
		if s.listeners[l.Port].Protocol != "https" {
			continue
		}
		if s.extensions[l.Port], err = d.api.extensions(ctx, w.LoadBalancerID, l.Port); err != nil && !cloud.IsGone(err) {
			return err
		}
	}
	return nil
}

// certificate finds one by its name. Of two, which a lost reply may leave, it is the one with the smaller ID.
func (s *state) certificate(name string) string {
	found := ""
	for _, c := range s.certificates {
		if c.Name == name && (found == "" || c.ID < found) {
			found = c.ID
		}
	}
	return found
}

// mine says whether a certificate is the owner's.
func (s *state) mine(id string) bool {
	return slices.ContainsFunc(s.certificates, func(c certificate) bool { return c.ID == id })
}

// extension finds that of a domain; nil where there is none.
func (s *state) extension(port int, domain string) *extension {
	i := slices.IndexFunc(s.extensions[port], func(e extension) bool { return strings.EqualFold(e.Domain, domain) })
	if i < 0 {
		return nil
	}
	return &s.extensions[port][i]
}

// uploaded are the owner's certificates.
func (s *state) uploaded(want desired) []slb.Uploaded {
	names, secrets := map[string]string{}, map[string]string{}
	for _, c := range s.certificates {
		names[c.ID] = c.Name
	}
	for _, c := range want.Certificates {
		secrets[c.Name] = c.Key
	}
	return deploy.Uploaded(names, secrets)
}
