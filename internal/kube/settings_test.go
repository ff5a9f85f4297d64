package kube

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: blue
clusters:
- {name: blue, cluster: {server: "https://blue:6443", certificate-authority-data: Ymx1ZQ==, tls-server-name: blue.internal}}
- {name: green, cluster: {server: "https://green:6443", insecure-skip-tls-verify: true}}
users:
- {name: blue, user: {token: blue-token}}
- {name: green, user: {username: green, password: green-password}}
contexts:
- {name: blue, context: {cluster: blue, user: blue}}
- {name: green, context: {cluster: green, user: green}}
`

// outside makes sure that the test is not run in a cluster.
func outside(t *testing.T) {
	t.Helper()
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBERNETES_SERVICE_PORT", "")
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// seen is what a rest.Config says of a connection.
type seen struct {
	Host, Username, Password, Token, ServerName, CA, Cert, Key string
	Insecure                                                   bool
}

func see(c *rest.Config) seen {
	return seen{c.Host, c.Username, c.Password, c.BearerToken, c.ServerName, string(c.CAData), string(c.CertData), string(c.KeyData), c.Insecure}
}

func TestRESTConfig(t *testing.T) {
	outside(t)
	file := write(t, "kubeconfig", kubeconfig)
	// Base64 of "c" and "k".
	certified := write(t, "certified", strings.ReplaceAll(kubeconfig, "token: blue-token", "client-certificate-data: Yw==, client-key-data: aw=="))
	blue := seen{Host: "https://blue:6443", Token: "blue-token", CA: "blue", ServerName: "blue.internal"}
	for name, tc := range map[string]struct {
		settings Settings
		want     seen
	}{
		"host and port are HTTPS":       {Settings{Host: "api:6443"}, seen{Host: "https://api:6443"}},
		"a host is HTTPS":               {Settings{Host: "api"}, seen{Host: "https://api"}},
		"an address is HTTPS":           {Settings{Host: "10.0.0.1:6443", Token: "t"}, seen{Host: "https://10.0.0.1:6443", Token: "t"}},
		"HTTPS as it stands":            {Settings{Host: "https://api:6443/k8s"}, seen{Host: "https://api:6443/k8s"}},
		"HTTP where it is asked for":    {Settings{Host: "http://localhost:8001"}, seen{Host: "http://localhost:8001"}},
		"token and authority":           {Settings{Host: "https://api", Token: "t", ClusterCACertificate: "ca"}, seen{Host: "https://api", Token: "t", CA: "ca"}},
		"user and password":             {Settings{Host: "https://api", Username: "u", Password: "p"}, seen{Host: "https://api", Username: "u", Password: "p"}},
		"client certificate":            {Settings{Host: "https://api", ClientCertificate: "c", ClientKey: "k"}, seen{Host: "https://api", Cert: "c", Key: "k"}},
		"another name, no check":        {Settings{Host: "https://api", TLSServerName: "n", Insecure: true}, seen{Host: "https://api", ServerName: "n", Insecure: true}},
		"kubeconfig":                    {Settings{ConfigPaths: []string{file}}, blue},
		"another context":               {Settings{ConfigPaths: []string{file}, ConfigContext: "green"}, seen{Host: "https://green:6443", Username: "green", Password: "green-password", Insecure: true}},
		"another user":                  {Settings{ConfigPaths: []string{file}, ConfigContextAuthInfo: "green"}, seen{Host: "https://blue:6443", Username: "green", Password: "green-password", CA: "blue", ServerName: "blue.internal"}},
		"another cluster":               {Settings{ConfigPaths: []string{file}, ConfigContextCluster: "green"}, seen{Host: "https://green:6443", Token: "blue-token", Insecure: true}},
		"host wins over it":             {Settings{ConfigPaths: []string{file}, Host: "api"}, seen{Host: "https://api", Token: "blue-token", CA: "blue"}},
		"token wins over it":            {Settings{ConfigPaths: []string{file}, Token: "t"}, seen{Host: blue.Host, Token: "t", CA: blue.CA, ServerName: blue.ServerName}},
		"authority wins over it":        {Settings{ConfigPaths: []string{file}, ClusterCACertificate: "ca"}, seen{Host: blue.Host, Token: blue.Token, CA: "ca", ServerName: blue.ServerName}},
		"authority wins over no check":  {Settings{ConfigPaths: []string{file}, ConfigContext: "green", ClusterCACertificate: "ca"}, seen{Host: "https://green:6443", Username: "green", Password: "green-password", CA: "ca"}},
		"no check wins over authority":  {Settings{ConfigPaths: []string{file}, Insecure: true}, seen{Host: blue.Host, Token: blue.Token, ServerName: blue.ServerName, Insecure: true}},
		"password wins over it":         {Settings{ConfigPaths: []string{file}, ConfigContext: "green", Password: "p"}, seen{Host: "https://green:6443", Username: "green", Password: "p", Insecure: true}},
		"token wins over a certificate": {Settings{ConfigPaths: []string{certified}, Token: "t"}, seen{Host: blue.Host, Token: "t", CA: blue.CA, ServerName: blue.ServerName}},
		"user wins over a certificate":  {Settings{ConfigPaths: []string{certified}, Username: "u", Password: "p"}, seen{Host: blue.Host, Username: "u", Password: "p", CA: blue.CA, ServerName: blue.ServerName}},
		"certificate and token":         {Settings{Host: "https://api", ClientCertificate: "c", ClientKey: "k", Token: "t"}, seen{Host: "https://api", Token: "t", Cert: "c", Key: "k"}},
		"the first of two files wins":   {Settings{ConfigPaths: []string{write(t, "first", strings.ReplaceAll(kubeconfig, "blue-token", "first-token")), file}}, seen{Host: blue.Host, Token: "first-token", CA: blue.CA, ServerName: blue.ServerName}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.settings.UserAgent = "terraform-provider-knative/test"
			got, err := tc.settings.RESTConfig()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, see(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got.QPS != -1 || got.Burst != -1 || got.RateLimiter != nil {
				t.Errorf("QPS %v, burst %d, limiter %v: the client throttles itself", got.QPS, got.Burst, got.RateLimiter)
			}
			if got.UserAgent != "terraform-provider-knative/test" {
				t.Errorf("user agent %q", got.UserAgent)
			}
		})
	}
}

func TestRESTConfigExec(t *testing.T) {
	outside(t)
	exec := &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: "aliyun", Args: []string{"token"}, InteractiveMode: clientcmdapi.NeverExecInteractiveMode}
	got, err := Settings{Host: "https://api", Exec: exec}.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	if p := got.ExecProvider; p == nil || p.Command != "aliyun" || p.InteractiveMode != clientcmdapi.NeverExecInteractiveMode || !cmp.Equal(p.Args, exec.Args) {
		t.Errorf("got %v", p)
	}
}

func TestRESTConfigProxy(t *testing.T) {
	outside(t)
	got, err := Settings{Host: "https://api", ProxyURL: "http://proxy:3128"}.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := got.Proxy(&http.Request{})
	if err != nil || proxy.String() != "http://proxy:3128" {
		t.Errorf("got %v, %v", proxy, err)
	}
}

func TestRESTConfigOfHome(t *testing.T) {
	outside(t)
	file := write(t, "kubeconfig", kubeconfig)
	t.Setenv("HOME", filepath.Dir(file))
	got, err := Settings{ConfigPaths: []string{"~/kubeconfig"}}.RESTConfig()
	if err != nil || got.Host != "https://blue:6443" {
		t.Errorf("got %v, %v", got, err)
	}
}

// There is no default: not localhost, not $KUBECONFIG.
func TestRESTConfigWithoutACluster(t *testing.T) {
	outside(t)
	file := write(t, "config", kubeconfig)
	t.Setenv("KUBECONFIG", file)
	for name, s := range map[string]Settings{
		"nothing":                 {},
		"credentials alone":       {Token: "t", ConfigContext: "blue"},
		"a kubeconfig of nothing": {ConfigPaths: []string{write(t, "empty", "")}},
		"no current context":      {ConfigPaths: []string{write(t, "none", strings.Replace(kubeconfig, "current-context: blue", "", 1))}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := s.RESTConfig(); !errors.Is(err, ErrNoCluster) {
				t.Errorf("got %v, %v; want ErrNoCluster", got, err)
			}
			if _, err := New(s); !errors.Is(err, ErrNoCluster) {
				t.Errorf("New: got %v, want ErrNoCluster", err)
			}
		})
	}
}

func TestRESTConfigErrors(t *testing.T) {
	outside(t)
	file := write(t, "kubeconfig", kubeconfig)
	missing := filepath.Join(t.TempDir(), "missing")
	broken := write(t, "broken", "clusters: [")
	for name, tc := range map[string]struct {
		settings Settings
		says     string
	}{
		"missing file":           {Settings{ConfigPaths: []string{missing}}, missing},
		"one of two is missing":  {Settings{ConfigPaths: []string{file, missing}}, missing},
		"missing file, and host": {Settings{ConfigPaths: []string{missing}, Host: "https://api"}, missing},
		"broken file":            {Settings{ConfigPaths: []string{broken}}, broken},
		"unknown context":        {Settings{ConfigPaths: []string{file}, ConfigContext: "red"}, `"red"`},
		"unknown cluster":        {Settings{ConfigPaths: []string{file}, ConfigContextCluster: "red"}, `"red"`},
		"unknown user":           {Settings{ConfigPaths: []string{file}, ConfigContextAuthInfo: "red"}, `"red"`},
		"a certificate, no key":  {Settings{Host: "https://api", ClientCertificate: "c"}, "client-key"},
		"a proxy that is no URL": {Settings{Host: "https://api", ProxyURL: "http://proxy:port"}, "proxy_url"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.settings.RESTConfig()
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, %v; want an error that says %s", got, err, tc.says)
			}
		})
	}
}
