package alb

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

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
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(readers)
	for _, c := range found {
		s.certificates[c.Name] = c
		all.Go(func() (err error) {
			c.ID, err = d.api.certificateID(ctx, c.Number)
			return err
		})
	}
	return all.Wait()
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
