package balancer

import (
	"cmp"
	"context"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

type albCertificate struct {
	ID      string     `json:"CertificateId"`
	Default cloud.Bool `json:"IsDefault" send:"never"`
	Status  string     `json:"Status" send:"never"`
}

// certificates are those of a listener, the default one first, without the guard's.
func (a *alb) certificates(ctx context.Context, listener string) ([]string, error) {
	found, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]albCertificate, string, error) {
		in := struct {
			cloud.Page
			ID string `json:"ListenerId"`
		}{p, listener}
		var out struct {
			cloud.More
			Items []albCertificate `json:"Certificates"`
		}
		err := a.call(ctx, "ListListenerCertificates", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
	if cloud.IsGone(err) { // the listener went in the meantime
		return nil, nil
	}
	slices.SortStableFunc(found, func(a, b albCertificate) int {
		return cmp.Or(defaultFirst(a)-defaultFirst(b), cmp.Compare(a.ID, b.ID))
	})
	var ids []string
	for _, c := range found {
		ids = append(ids, c.ID)
	}
	if err != nil || len(ids) < 2 || a.owner.Guards == nil {
		return ids, err
	}
	guards, err := a.owner.Guards(ctx)
	return append(ids[:1:1], without(ids[1:], guards)...), err
}

func defaultFirst(c albCertificate) int {
	if c.Default {
		return 0
	}
	return 1
}

// release takes a certificate off the additional ones of a listener, so that it can become the default one.
func (a *alb) release(ctx context.Context, have *Listener, id string) error {
	at := slices.Index(have.Certificates, id)
	if at < 1 {
		return nil
	}
	have.Certificates = slices.Delete(slices.Clone(have.Certificates), at, at+1)
	return a.associate(ctx, "DissociateAdditionalCertificatesFromListener", have.ID, []string{id})
}

// certify brings a listener's additional certificates to what is wanted.
func (a *alb) certify(ctx context.Context, have, want Listener) error {
	if len(want.Certificates) == 0 {
		return nil
	}
	extra := have.Certificates[min(1, len(have.Certificates)):]
	wanted := want.Certificates[1:]
	if err := a.associate(ctx, "AssociateAdditionalCertificatesWithListener", have.ID, without(wanted, extra)); err != nil {
		return err
	}
	return a.associate(ctx, "DissociateAdditionalCertificatesFromListener", have.ID, without(extra, wanted))
}

func without(all, these []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(these, s) })
}

func (a *alb) associate(ctx context.Context, action, listener string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	in := albListenerParams{ID: listener}
	for _, id := range ids {
		in.Certificates = append(in.Certificates, albCertificate{ID: id})
	}
	return a.write(ctx, action, in)
}
