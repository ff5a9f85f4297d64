package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	"k8s.io/client-go/util/cert"
)

// TestAuthority goes through the table of step, in the order in which it happens: at no moment does anything sign that is not
// trusted, nor lose its trust while it may still be served.
func TestAuthority(t *testing.T) {
	begin := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	a := &authority{validity: 100 * day, ahead: 20 * day, settles: time.Hour, create: (&rotator.CertRotator{CAName: "knative-guard"}).CreateCACert}
	data, bundles := map[string][]byte{"tls.crt": []byte("served")}, make([][]byte, 2)
	made := func(at time.Time) *rotator.KeyPairArtifacts {
		t.Helper()
		ca, err := a.create(at.Add(-backdated), at.Add(a.validity))
		if err != nil {
			t.Fatal(err)
		}
		return ca
	}
	step := func(after time.Duration, due bool) {
		t.Helper()
		before := maps.Clone(data)
		to, why, err := a.step(data, bundles, begin.Add(after))
		if err != nil || (to != nil) != due {
			t.Fatalf("after %s: %q %v, want due %v", after, why, err, due)
		}
		if !maps.EqualFunc(data, before, slices.Equal) {
			t.Fatalf("after %s: what was read is changed", after)
		}
		if due {
			data = to
		}
	}
	trusts := func(want ...[]byte) {
		t.Helper()
		if got := data[caCert]; !slices.Equal(got, slices.Concat(want...)) {
			list, err := cert.ParseCertsPEM(got)
			t.Fatalf("%d CAs are trusted, want %d, or others, or in another order: %v", len(list), len(want), err)
		}
	}
	first := made(begin)
	data[caCert], data[caKey] = first.CertPEM, first.KeyPEM

	step(79*day, false)
	step(80*day, true)
	second, key := data[nextCert], data[nextKey]
	trusts(first.CertPEM, second)
	if !slices.Equal(data[caKey], first.KeyPEM) {
		t.Error("the next CA signs before anyone trusts it")
	}
	step(81*day, false) // no webhook has it
	bundles[0] = data[caCert]
	step(81*day, false) // one has
	bundles[1] = data[caCert]
	step(80*day+59*time.Minute, false) // not all API servers may know yet
	step(80*day+time.Hour, true)
	trusts(second, first.CertPEM)
	if !slices.Equal(data[caKey], key) || data[nextCert] != nil || data[nextKey] != nil || string(data["tls.crt"]) != "served" {
		t.Error("the next CA does not sign, or is next still, or more was changed")
	}
	step(159*day, false)
	step(161*day, true) // the first has ended
	trusts(second, data[nextCert])

	// cert-controller made the CA anew, and knows nothing of what is next.
	third := made(begin.Add(161 * day))
	data[caCert], data[caKey] = third.CertPEM, third.KeyPEM
	bundles[0], bundles[1] = third.CertPEM, third.CertPEM
	step(170*day, false)
	trusts(third.CertPEM)
	step(245*day, true)
	trusts(third.CertPEM, data[nextCert])

	data[caCert] = []byte("broken")
	if _, _, err := a.step(data, bundles, begin); err == nil {
		t.Error("a broken CA is none")
	}
}
