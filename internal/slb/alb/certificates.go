package alb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// certificate is one of the owner's in SSL Certificates Service, which has them for the whole account.
type certificate struct {
	Name   string
	Number cloud.Int // what that service calls it
	ID     string    // what ALB does
}

// wantedCertificate is a certificate as it should be. Its name says whose it is, for the service takes no tags when it is uploaded, and no
// name twice.
type wantedCertificate struct {
	slb.Certificate
	Name      string
	Listeners []string // IDs
}

// readCertificates reads which certificates are the owner's, and what each HTTPS listener has beside its own.
func (d *Deployer) readCertificates(ctx context.Context, w slb.Wanted, s *state) error {
	found, err := d.api.certificates(ctx, deploy.OwnerPrefix(w.Owner))
	if err != nil {
		return err
	}
	for _, l := range w.Listeners {
		if s.listeners[l.ID].Protocol != "HTTPS" {
			continue
		}
		if s.extra[l.ID], err = d.api.additional(ctx, l.ID); err != nil && !cloud.IsGone(err) {
			return err
		}
	}
	for _, c := range found {
		s.certificates[c.Name] = c
		if c.ID = s.idOf(c.Number); c.ID != "" {
			continue
		}
		switch c.ID, err = d.api.certificateID(ctx, c.Number); {
		case cloud.IsGone(err):
			delete(s.certificates, c.Name)
		case err != nil:
			return err
		}
	}
	return nil
}

// idOf is ALB's ID of a certificate that a listener has: its number and a region.
func (s *state) idOf(number cloud.Int) string {
	for _, ids := range s.extra {
		for _, id := range ids {
			if strings.HasPrefix(id, fmt.Sprintf("%d-", number)) {
				return id
			}
		}
	}
	return ""
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

// has says whether a listener has a certificate beside its own.
func (s *state) has(listener, name string) bool {
	c := s.certificates[name]
	return c != nil && slices.Contains(s.extra[listener], c.ID)
}
