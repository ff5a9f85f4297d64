package slbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// Certificate puts a new certificate for names into CAS, and gives its ID as listeners take it.
func (b *Bed) Certificate(names ...string) string {
	b.T.Helper()
	chain, private := Pair(b.T, names...)
	var made struct {
		ID cloud.Int `json:"CertId"`
	}
	b.call(cloud.CAS, "UploadUserCertificate", map[string]string{"Name": names[0], "Cert": chain, "Key": private}, &made)
	return fmt.Sprintf("%d-cn-hangzhou", made.ID)
}

// CLBCertificate puts a new certificate for names into CLB, which keeps its own, and gives its ID.
func (b *Bed) CLBCertificate(names ...string) string {
	b.T.Helper()
	chain, private := Pair(b.T, names...)
	var made struct {
		ID string `json:"ServerCertificateId"`
	}
	b.call(cloud.CLB, "UploadServerCertificate", map[string]string{"ServerCertificate": chain, "PrivateKey": private}, &made)
	return made.ID
}

// Pair makes a certificate for names that signs itself, and its key.
func Pair(t *testing.T, names ...string) (chain, private string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text}))
}

// SecretCertificate makes one of a Secret in the namespace shop, for port 443.
func SecretCertificate(t *testing.T, secret string, names ...string) slb.Certificate {
	t.Helper()
	chain, private := Pair(t, names...)
	return slb.Certificate{Key: "shop/" + secret, Names: names, Ports: []int{443}, Chain: chain, PrivateKey: slb.PrivateKey(private)}
}

// Serves gives the certificate that clients of a host get at port 443.
func (b *Bed) Serves(balancer, host string) *x509.Certificate {
	b.T.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: host}} //nolint:gosec // which one it is, is what counts
	conn, err := dialer.DialContext(b.T.Context(), "tcp", b.Endpoint(balancer, 443))
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

// ServesFor fails the test unless clients of a host get the certificate of a name.
func (b *Bed) ServesFor(balancer, host, name string) {
	b.T.Helper()
	if got := b.Serves(balancer, host).Subject.CommonName; got != name {
		b.T.Errorf("clients of %s get the certificate of %s, want %s", host, got, name)
	}
}
