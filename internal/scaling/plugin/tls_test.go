package plugin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
	"k8s.io/apimachinery/pkg/types"
)

// authority is a CA of a test's own.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	der, key := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, a.key = cert, key
	return a
}

// issue makes a certificate, by itself where the authority has none yet.
func issue(t *testing.T, template *x509.Certificate, by *authority) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := by.cert, by.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// pair is a certificate with its key, in PEM.
func (a *authority) pair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	der, private := issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// demanding are the credentials of a server that wants a client certificate of an authority.
func (a *authority) demanding(t *testing.T) credentials.TransportCredentials {
	t.Helper()
	cert, key := a.pair(t, "server")
	own, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	s := serve(t, ours.demanding(t))
	cert, key := ours.pair(t, "guard")
	foreign, foreignKey := theirs.pair(t, "guard")
	for name, tc := range map[string]struct {
		secret map[string][]byte
		says   string
	}{
		"a client certificate":   {map[string][]byte{"ca.crt": ours.pem(), "tls.crt": cert, "tls.key": key}, ""},
		"other keys are let be":  {map[string][]byte{"ca.crt": ours.pem(), "tls.crt": cert, "tls.key": key, "password": []byte("x")}, ""},
		"none":                   {map[string][]byte{"ca.crt": ours.pem()}, "IsActive: "},
		"one of another CA":      {map[string][]byte{"ca.crt": ours.pem(), "tls.crt": foreign, "tls.key": foreignKey}, "IsActive: "},
		"a server of another CA": {map[string][]byte{"ca.crt": theirs.pem(), "tls.crt": cert, "tls.key": key}, "certificate signed by unknown authority"},
		"nothing of use":         {map[string][]byte{"password": []byte("hunter2")}, "the Secret default/client: it has no ca.crt, and no tls.crt with tls.key"},
		"a CA that is none":      {map[string][]byte{"ca.crt": []byte("hunter2")}, "its ca.crt holds no certificate in PEM"},
		"another's key":          {map[string][]byte{"tls.crt": cert, "tls.key": foreignKey}, "its tls.crt and tls.key are no certificate with its key in PEM"},
		"no Secret":              {nil, "reading Secret default/client: it is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := externalAt(s.address, "", 2*time.Second)
			spec.External.TLSSecret = "client"
			a, err := newAsker(shop, spec, &Connections{Secrets: func(_ context.Context, name types.NamespacedName) (map[string][]byte, error) {
				if name.String() != "default/client" {
					t.Errorf("read %s", name)
				}
				if tc.secret == nil {
					return nil, errors.New("it is not there")
				}
				return tc.secret, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer a.close()
			_, err = a.ask(t.Context())
			if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

// A certificate that was renewed is used by the next connection: here after the plugin came back with another CA.
func TestTLSRenewed(t *testing.T) {
	old, renewed := newAuthority(t), newAuthority(t)
	secretOf := func(a *authority) map[string][]byte {
		cert, key := a.pair(t, "guard")
		return map[string][]byte{"ca.crt": a.pem(), "tls.crt": cert, "tls.key": key}
	}
	var secret atomic.Pointer[map[string][]byte]
	set := func(a *authority) { data := secretOf(a); secret.Store(&data) }
	set(old)
	s := serve(t, old.demanding(t))
	spec := externalAt(s.address, "", 2*time.Second)
	spec.External.TLSSecret = "client"
	reads := atomic.Int32{}
	a, err := newAsker(shop, spec, &Connections{Secrets: func(context.Context, types.NamespacedName) (map[string][]byte, error) {
		reads.Add(1)
		return *secret.Load(), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	for range 3 {
		if _, err := a.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("one connection has read the Secret %d times", n)
	}
	s.server.Stop()
	s.start(t, s.address, renewed.demanding(t))
	if _, err := a.ask(t.Context()); err == nil {
		t.Error("the new server is believed by the old CA")
	}
	set(renewed)
	if _, err := a.ask(t.Context()); err != nil {
		t.Error(err)
	}
}
