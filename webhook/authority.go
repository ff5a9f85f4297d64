package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/cert"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What is in the Secret. cert-controller signs with the first certificate of ca.crt, and has the API server trust all of it.
const (
	caCert, caKey     = "ca.crt", "ca.key"
	nextCert, nextKey = "next-ca.crt", "next-ca.key"
	// backdated is how long before it is made a CA is valid from, for clocks that differ.
	backdated = time.Hour
)

// authority is the CA of the guard's certificates, which goes over to a new one well before its end. cert-controller by itself would
// have the API server trust the new one only, while replicas serve certificates of the old one until their volumes have the new.
type authority struct {
	writer         client.Client
	live           client.Reader
	secret         types.NamespacedName
	webhook        string
	validity       time.Duration
	ahead, settles time.Duration // how long before its end it goes over; and how long API servers may take to trust another
	create         func(begin, end time.Time) (*rotator.KeyPairArtifacts, error)
}

// run looks at the CA until the context ends. One replica of several does.
func (a *authority) run(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := a.look(ctx); err != nil {
			ctrl.Log.Error(err, "the CA of the guard's certificates cannot go over to a new one; it is tried again", "secret", a.secret, "in", a.settles)
		}
	}, a.settles)
	return nil
}

// look takes one step, if one is due.
func (a *authority) look(ctx context.Context) error {
	secret := &corev1.Secret{}
	if err := a.live.Get(ctx, a.secret, secret); err != nil {
		return err
	}
	if len(secret.Data[caCert]) == 0 {
		return nil // cert-controller makes the first
	}
	trusted, err := a.trusted(ctx)
	if err != nil {
		return err
	}
	data, what, err := a.step(secret.Data, trusted, time.Now())
	if err != nil || data == nil {
		return err
	}
	secret.Data = data
	if err := a.writer.Update(ctx, secret, client.FieldOwner("knative-guard")); err != nil {
		return err
	}
	ctrl.Log.Info(what, "secret", a.secret)
	return nil
}

// trusted is what the API server trusts in each webhook.
func (a *authority) trusted(ctx context.Context) ([][]byte, error) {
	validating, mutating := &admissionregistrationv1.ValidatingWebhookConfiguration{}, &admissionregistrationv1.MutatingWebhookConfiguration{}
	for _, c := range []client.Object{validating, mutating} {
		err := client.IgnoreNotFound(a.live.Get(ctx, client.ObjectKey{Name: a.webhook}, c)) // one that is not there asks nothing
		if err != nil {
			return nil, err
		}
	}
	var bundles [][]byte
	for _, w := range validating.Webhooks {
		bundles = append(bundles, w.ClientConfig.CABundle)
	}
	for _, w := range mutating.Webhooks {
		bundles = append(bundles, w.ClientConfig.CABundle)
	}
	return bundles, nil
}

// step is what the Secret's data become, and why; nil where nothing is due. Bundles are what the API server trusts in each webhook.
//
//	the next CA                                   the CA            then
//	is not there, or is not trusted in ca.crt     is good for long  nothing
//	is not there, or is not trusted in ca.crt     ends soon         one is made, and trusted beside it
//	is not in every bundle, or only a moment ago  –                 nothing
//	is in every bundle                            –                 signs, and the CA is trusted until its end
func (a *authority) step(data map[string][]byte, bundles [][]byte, now time.Time) (to map[string][]byte, why string, err error) {
	trusted, err := cert.ParseCertsPEM(data[caCert])
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w: empty the Secret, and it is made anew", caCert, err)
	}
	to = maps.Clone(data)
	next, err := cert.ParseCertsPEM(data[nextCert])
	if err != nil || !contains(data[caCert], next[0]) { // cert-controller made the CA itself since: that of a Secret which was emptied
		if now.Add(a.ahead).Before(trusted[0].NotAfter) {
			return nil, "", nil
		}
		made, err := a.create(now.Add(-backdated), now.Add(a.validity))
		if err != nil {
			return nil, "", err
		}
		to[caCert], to[nextCert], to[nextKey] = bundle(now, append(trusted, made.Cert)...), made.CertPEM, made.KeyPEM
		return to, "the CA ends: another is trusted beside it, and signs next", nil
	}
	if now.Before(next[0].NotBefore.Add(backdated + a.settles)) {
		return nil, "", nil
	}
	for _, b := range bundles {
		if !contains(b, next[0]) {
			return nil, "", nil
		}
	}
	others := slices.DeleteFunc(trusted, next[0].Equal)
	to[caCert], to[caKey] = bundle(now, append(next[:1], others...)...), data[nextKey]
	delete(to, nextCert)
	delete(to, nextKey)
	return to, "the next CA is trusted everywhere: it signs from now on", nil
}

func contains(bundle []byte, c *x509.Certificate) bool {
	list, err := cert.ParseCertsPEM(bundle)
	return err == nil && slices.ContainsFunc(list, c.Equal)
}

// bundle is certificates as PEM, without those that have ended.
func bundle(now time.Time, certificates ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certificates {
		if now.Before(c.NotAfter) {
			out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		}
	}
	return out.Bytes()
}
