package kube

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ErrNoCluster says that nothing names a cluster. There is no default: a provider that guesses localhost, or the current
// context of whoever runs it, sooner or later changes the wrong cluster.
var ErrNoCluster = errors.New("no cluster is configured")

// Settings say how to reach a cluster. They are those of hashicorp/kubernetes, with the same meaning: explicit values win
// over a kubeconfig file, and inside a Pod the service account serves when nothing else is set.
type Settings struct {
	Host, Username, Password, Token, TLSServerName, ProxyURL string
	// ClientCertificate, ClientKey and ClusterCACertificate are PEM, not paths.
	ClientCertificate, ClientKey, ClusterCACertificate         string
	Insecure                                                   bool
	ConfigPaths                                                []string
	ConfigContext, ConfigContextAuthInfo, ConfigContextCluster string
	Exec                                                       *clientcmdapi.ExecConfig
	// UserAgent names the caller to the API server's audit log.
	UserAgent string
}

// RESTConfig resolves the settings. It reads files and environment of a Pod, and contacts nobody.
func (s Settings) RESTConfig() (*rest.Config, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	cfg.UserAgent = s.UserAgent
	// The API server's own priority and fairness is the limit; the default of 5 a second turns a plan of 500 Services
	// into minutes (facts/terraform.md, "Performance references").
	cfg.QPS, cfg.Burst = -1, -1
	cfg.WarningHandlerWithContext = guardWarnings{}
	return cfg, nil
}

func (s Settings) load() (*rest.Config, error) {
	if s.Host == "" && len(s.ConfigPaths) == 0 {
		cfg, err := rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, ErrNoCluster
		}
		return cfg, err
	}
	if s.Host != "" {
		if _, err := parseURL("host", s.server()); err != nil {
			return nil, err
		}
	}
	rules := &clientcmd.ClientConfigLoadingRules{}
	for _, p := range s.ConfigPaths {
		path, err := expand(p)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("kubeconfig: %w", err)
		}
		rules.Precedence = append(rules.Precedence, path)
	}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, s.overrides()).ClientConfig()
	if clientcmd.IsEmptyConfig(err) || (err == nil && cfg.Host == "") {
		return nil, ErrNoCluster
	}
	if err != nil {
		return nil, err
	}
	s.setCredentials(cfg)
	if s.ProxyURL != "" {
		proxy, err := parseURL("proxy_url", s.ProxyURL)
		if err != nil {
			return nil, err
		}
		cfg.Proxy = http.ProxyURL(proxy)
	}
	return cfg, nil
}

// setCredentials puts explicit credentials in the place of those of a kubeconfig, whatever kind those are. As overrides
// beside them they would lose, or clash: an API server believes a client certificate before a token.
func (s Settings) setCredentials(cfg *rest.Config) {
	if s.ClientCertificate == "" && (s.Exec != nil || s.Token != "" || s.Username != "" || s.Password != "") {
		tls := &cfg.TLSClientConfig
		tls.CertFile, tls.KeyFile, tls.CertData, tls.KeyData = "", "", nil, nil
	}
	switch {
	case s.Exec != nil:
		cfg.BearerToken, cfg.BearerTokenFile, cfg.Username, cfg.Password = "", "", "", ""
		cfg.ExecProvider, cfg.AuthProvider = s.Exec, nil
	case s.Token != "":
		cfg.BearerToken, cfg.BearerTokenFile, cfg.Username, cfg.Password = s.Token, "", "", ""
		cfg.ExecProvider, cfg.AuthProvider = nil, nil
	case s.Username != "" || s.Password != "":
		cfg.Username, cfg.Password = cmp.Or(s.Username, cfg.Username), cmp.Or(s.Password, cfg.Password)
		cfg.BearerToken, cfg.BearerTokenFile, cfg.ExecProvider, cfg.AuthProvider = "", "", nil, nil
	}
}

// parseURL keeps the text out of the error: it may hold a password.
func parseURL(setting, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s is not a URL: write it as https://host:port", setting)
	}
	return u, nil
}

func (s Settings) overrides() *clientcmd.ConfigOverrides {
	o := &clientcmd.ConfigOverrides{CurrentContext: s.ConfigContext}
	o.Context.AuthInfo, o.Context.Cluster = s.ConfigContextAuthInfo, s.ConfigContextCluster
	o.ClusterInfo.InsecureSkipTLSVerify = s.Insecure
	o.ClusterInfo.TLSServerName = s.TLSServerName
	o.ClusterInfo.CertificateAuthorityData = []byte(s.ClusterCACertificate)
	o.ClusterInfo.Server = s.server()
	o.AuthInfo.ClientCertificateData, o.AuthInfo.ClientKeyData = []byte(s.ClientCertificate), []byte(s.ClientKey)
	return o
}

// server is the host as a URL: never plain by default, for a token goes with it.
func (s Settings) server() string {
	if s.Host != "" && !strings.Contains(s.Host, "://") {
		return "https://" + s.Host
	}
	return s.Host
}

// expand resolves a leading ~ as a shell does.
func expand(path string) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, strings.TrimPrefix(path, "~")), nil
}
