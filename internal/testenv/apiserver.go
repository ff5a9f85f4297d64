package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/keyutil"
)

// APIServer is an API server of a test's own, with an etcd, that may be stopped and started again. It has Knative's kinds and
// configuration as the bed has them, but no Knative, nor any other controller. It is the bed's own binary, which has no etcd by
// itself, as envtest would need it.
type APIServer struct {
	// Port is its own, at 127.0.0.1; Elsewhere is another, where those who know its own do not see it.
	Port, Elsewhere int

	dir, kube string
	bed       *Cluster
	process   *exec.Cmd
}

// NewAPIServer is one that does not run yet, with its files in a folder.
func (c *Cluster) NewAPIServer(ctx context.Context, dir string) (*APIServer, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(cache, "terraform-provider-knative", "devcluster", "kube-*", "kube"))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(err, errors.New("the bed's binary kube is not in the cache: bring the bed up on this machine, as make test does"))
	}
	ports, err := FreePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	key, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return nil, err
	}
	s := &APIServer{Port: ports[0], Elsewhere: ports[1], dir: dir, kube: found[0], bed: c}
	// Its command waits for an API server at the bed's port before it starts what would need one, and nothing does here.
	return s, errors.Join(os.WriteFile(s.file("bed-ca.crt"), c.Config.CAData, 0o600), os.WriteFile(s.file("sa.key"), key, 0o600),
		os.WriteFile(s.file("tokens"), []byte("secret,admin,admin,system:masters\n"), 0o600))
}

// Start runs it at a port of 127.0.0.1 with all that it held before, waits until it is ready, and gives the way to it.
func (s *APIServer) Start(ctx context.Context, port int) (*Cluster, error) {
	ports, err := FreePorts(ctx, 2)
	if err != nil {
		return nil, err
	}
	etcd := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peers := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	if err := os.WriteFile(s.file("etcd.yaml"), fmt.Appendf(nil, "name: own\ndata-dir: %s\nlisten-client-urls: %s\nadvertise-client-urls: %[2]s\nlisten-peer-urls: %s\ninitial-advertise-peer-urls: %[3]s\ninitial-cluster: own=%[3]s\nunsafe-no-fsync: true\n", s.file("etcd"), etcd, peers), 0o600); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	//nolint:noctx // it is stopped by Stop, after the test's context has ended
	s.process = exec.Command(s.kube, "all", s.file("etcd.yaml"), s.file("bed-ca.crt"), "--", "kube-apiserver",
		"--etcd-servers="+etcd, "--secure-port="+strconv.Itoa(port), "--bind-address=127.0.0.1", "--advertise-address="+bedAddress, "--endpoint-reconciler-type=none",
		"--cert-dir="+s.dir, "--token-auth-file="+s.file("tokens"), "--authorization-mode=RBAC", "--service-cluster-ip-range=10.97.0.0/16",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+s.file("sa.key"), "--service-account-signing-key-file="+s.file("sa.key"),
		"--enable-aggregator-routing=true") // it finds webhooks by EndpointSlices, for there is no kube-proxy
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.process = nil
		return nil, err
	}
	c := &Cluster{Kubeconfig: s.file("kubeconfig-" + strconv.Itoa(port)), Image: s.bed.Image, OnBed: true}
	if err := Eventually(ctx, time.Minute, func(ctx context.Context) error { return s.connect(ctx, c, port) }); err != nil {
		return nil, fmt.Errorf("starting an API server: %w\n%s", err, s.Log())
	}
	return c, nil
}

// connect fills in the way to it, once it is ready. Its certificate, which it has made itself, comes a moment after its start.
func (s *APIServer) connect(ctx context.Context, c *Cluster, port int) error {
	ca, err := os.ReadFile(s.file("apiserver.crt"))
	if err != nil {
		return err
	}
	c.Config = &rest.Config{Host: fmt.Sprintf("https://127.0.0.1:%d", port), BearerToken: "secret", QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}
	if c.Kube, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	if c.Dynamic, err = dynamic.NewForConfig(c.Config); err != nil {
		return err
	}
	web, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		return err
	}
	web.Timeout = 5 * time.Second
	if _, err := Get(ctx, web, c.Config.Host+"/readyz"); err != nil {
		return err
	}
	return clientcmd.WriteToFile(clientcmdapi.Config{
		CurrentContext: "own", Contexts: map[string]*clientcmdapi.Context{"own": {Cluster: "own", AuthInfo: "own"}},
		Clusters:  map[string]*clientcmdapi.Cluster{"own": {Server: c.Config.Host, CertificateAuthorityData: ca}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"own": {Token: c.Config.BearerToken}},
	}, c.Kubeconfig)
}

// Stop ends it with all connections at once, as a crash does; what it held stays.
func (s *APIServer) Stop() error {
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Kill()
	_ = s.process.Wait() // which says that it was killed
	s.process = nil
	return err
}

// Log is the end of what it has logged.
func (s *APIServer) Log() string {
	text, _ := os.ReadFile(s.file("log"))
	return string(text[max(0, len(text)-4000):])
}

func (s *APIServer) file(name string) string { return filepath.Join(s.dir, name) }

// FreePorts are so many ports that nothing listens on.
func FreePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	var held []io.Closer // all of them until the end, so that no two are the same
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":0")
		if err != nil {
			return nil, err
		}
		ports, held = append(ports, l.Addr().(*net.TCPAddr).Port), append(held, l)
	}
	return ports, nil
}
