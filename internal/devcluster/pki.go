package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// subject is whom a certificate is for: a server has names, a client need not.
type subject struct {
	file  string
	name  string
	group string
	hosts []string
}

// createPKI writes every key, certificate and kubeconfig. Each start has its own.
func createPKI() error {
	if err := os.MkdirAll(pkiDir, 0o700); err != nil {
		return err
	}
	root, err := createAuthority("ca")
	if err != nil {
		return err
	}
	front, err := createAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	// etcd trusts an authority of its own: whoever can read etcd can read every Secret.
	etcd, err := createAuthority("etcd-ca")
	if err != nil {
		return err
	}
	api := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", apiIP, nodeIP}
	node := subject{file: "kubelet", name: "system:node:" + nodeName, group: "system:nodes"}
	for _, c := range []struct {
		by *authority
		subject
	}{
		{front, subject{file: "front-proxy-client", name: "front-proxy-client"}},
		{etcd, subject{file: "etcd", name: "etcd", hosts: []string{"127.0.0.1", "localhost"}}},
		{root, subject{file: "apiserver", name: "kube-apiserver", hosts: api}},
		{root, subject{file: "apiserver-kubelet", name: "kube-apiserver-kubelet-client", group: "system:masters"}},
		{root, subject{file: "kubelet-server", name: node.name, group: node.group, hosts: []string{nodeName, nodeIP, "127.0.0.1"}}},
		{root, subject{file: "admin", name: "devcluster-admin", group: "system:masters"}},
		{root, subject{file: "controller-manager", name: "system:kube-controller-manager"}},
		{root, subject{file: "scheduler", name: "system:kube-scheduler"}},
		{root, subject{file: "kube-proxy", name: "system:kube-proxy"}},
		{root, node},
	} {
		if err := c.by.issue(c.subject); err != nil {
			return fmt.Errorf("certificate of %s: %w", c.file, err)
		}
	}
	for _, client := range []string{"controller-manager", "scheduler", "kube-proxy", "kubelet"} {
		if err := writeKubeconfig(filepath.Join(pkiDir, client+".kubeconfig"), client); err != nil {
			return err
		}
	}
	if err := writeKubeconfig(kubeconfigFile, "admin"); err != nil {
		return err
	}
	return createServiceAccountKey()
}

func createAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t, err := certificateOf(subject{name: "devcluster-" + name})
	if err != nil {
		return nil, err
	}
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage |= x509.KeyUsageCertSign
	t.ExtKeyUsage = nil
	a := &authority{cert: t, key: key}
	err = a.write(name, t, key)
	return a, err
}

func (a *authority) issue(s subject) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t, err := certificateOf(s)
	if err != nil {
		return err
	}
	return a.write(s.file, t, key)
}

// write signs a certificate and writes it with its key.
func (a *authority) write(file string, t *x509.Certificate, key *ecdsa.PrivateKey) error {
	cert, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	if err := writePEM(file+".crt", "CERTIFICATE", cert); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(file+".key", "PRIVATE KEY", der)
}

func certificateOf(s subject) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: s.name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if s.group != "" {
		t.Subject.Organization = []string{s.group}
	}
	for _, h := range s.hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	if len(s.hosts) > 0 {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	return t, nil
}

func createServiceAccountKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM("sa.key", "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return writePEM("sa.pub", "PUBLIC KEY", public)
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(pkiDir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// writeKubeconfig writes one that holds its keys, so that it can be copied elsewhere on the machine.
func writeKubeconfig(path, client string) error {
	var enc [3]string
	for i, f := range []string{"ca.crt", client + ".crt", client + ".key"} {
		b, err := os.ReadFile(filepath.Join(pkiDir, f))
		if err != nil {
			return err
		}
		enc[i] = base64.StdEncoding.EncodeToString(b)
	}
	return os.WriteFile(path, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: devcluster
contexts: [{name: devcluster, context: {cluster: devcluster, user: %[1]s}}]
clusters: [{name: devcluster, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: %[2]s}}]
users: [{name: %[1]s, user: {client-certificate-data: %[3]s, client-key-data: %[4]s}}]
`, client, enc[0], enc[1], enc[2]), 0o600)
}
