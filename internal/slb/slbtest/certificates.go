package slbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

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
