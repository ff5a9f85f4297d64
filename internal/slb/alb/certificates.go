package alb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// certificate is one of the owner's in SSL Certificates Service, which has them for the whole account.
type certificate struct {
	Name   string
	Number cloud.Int // what that service calls it
	ID     string    // what ALB does
}

// wantedCertificate is a certificate as it should be.
type wantedCertificate struct {
	slb.Certificate
	Name      string
	Listeners []string // IDs
}

// certificateName tells whose a certificate is, of which Secret, and what it is: the service takes no tags when it is uploaded, and no
// name twice.
func certificateName(o slb.Owner, c slb.Certificate) string {
	return fmt.Sprintf("%s%s", secretPrefix(o, c.Key), digest(16, c.Chain, string(c.PrivateKey)))
}

// secretPrefix begins the names of all that a Secret ever had.
func secretPrefix(o slb.Owner, key string) string { return ownerPrefix(o) + digest(8, key) + "-" }

// ownerPrefix begins the names of all that is the owner's.
func ownerPrefix(o slb.Owner) string { return "kn-" + digest(12, o.Cluster, o.Ingress) + "-" }

func digest(length int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:length]
}

// readCertificates reads which certificates are the owner's, and what each HTTPS listener has beside its own.
func (d *Deployer) readCertificates(ctx context.Context, w slb.Wanted, s *state) error {
	found, err := d.api.certificates(ctx, ownerPrefix(w.Owner))
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

// uploaded are the owner's certificates, with the Secrets of those that are wanted.
func (s *state) uploaded(want desired) []slb.Uploaded {
	secrets := map[string]string{}
	for _, c := range want.Certificates {
		secrets[c.Name] = c.Key
	}
	var all []slb.Uploaded
	for _, c := range s.certificates {
		all = append(all, slb.Uploaded{ID: c.ID, Secret: secrets[c.Name]})
	}
	slices.SortFunc(all, func(a, b slb.Uploaded) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// has says whether a listener has a certificate beside its own.
func (s *state) has(listener, name string) bool {
	c := s.certificates[name]
	return c != nil && slices.Contains(s.extra[listener], c.ID)
}
