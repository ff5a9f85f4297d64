package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// Gateway is one replica of the event gateway as built from this checkout, run on this machine as a process of its own for one
// namespace, with the rights that the chart gives it.
type Gateway struct {
	// URL is where it takes events.
	URL string

	cluster                    *Cluster
	namespace, top, work, name string
	health                     string
	process                    *exec.Cmd
	exited                     chan error
}

const gatewayAccount = "knative-guard-gateway"

// StartGateway runs a replica of that name for a namespace, with its files in the folder work, and waits until it is Ready. Stop it,
// also after an error.
func (c *Cluster) StartGateway(ctx context.Context, namespace, work, name string) (*Gateway, error) {
	top, err := repository(ctx)
	if err != nil {
		return nil, err
	}
	g := &Gateway{cluster: c, namespace: namespace, top: top, work: work, name: name}
	for _, step := range []func(context.Context) error{c.GuardCRDs, g.build, g.account, g.run, g.ready} {
		if err := step(ctx); err != nil {
			return g, fmt.Errorf("starting replica %s of the gateway: %w\n%s", name, err, g.Log())
		}
	}
	return g, nil
}

// Stop asks the process to stop, and waits until it has. It may be called again.
func (g *Gateway) Stop() error {
	if g == nil || g.process == nil {
		return nil
	}
	p := g.process
	g.process = nil
	if err := p.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return <-g.exited
}

// Kill ends the process with no chance to clean up.
func (g *Gateway) Kill() error {
	err := g.process.Process.Kill()
	<-g.exited //nolint:errcheck // it says that it was killed
	g.process = nil
	return err
}

// Log is what the process has said.
func (g *Gateway) Log() string {
	text, _ := os.ReadFile(g.file(g.name + ".log"))
	return string(text)
}

func (g *Gateway) file(name string) string { return filepath.Join(g.work, name) }

func (g *Gateway) build(ctx context.Context) error {
	if _, err := os.Stat(g.file("gateway")); err == nil {
		return nil // for another replica
	}
	_, err := output(ctx, g.top, nil, "go", "build", "-o", g.file("gateway"), "./webhook")
	return err
}

// account gives the gateway the chart's rules, in this namespace only.
func (g *Gateway) account(ctx context.Context) error {
	var rules []rbacv1.PolicyRule
	for _, name := range []string{"gateway-rules", "gateway-own-rules"} {
		raw, err := os.ReadFile(filepath.Join(g.top, "webhook/chart/files", name+".yaml"))
		if err != nil {
			return err
		}
		var more []rbacv1.PolicyRule
		if err := yaml.Unmarshal(raw, &more); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rules = append(rules, more...)
	}
	text, err := inline(rules)
	if err != nil {
		return err
	}
	for _, document := range []string{
		"apiVersion: v1\nkind: ServiceAccount\nmetadata: {namespace: %[1]s, name: %[2]s}\n",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {namespace: %[1]s, name: %[2]s}\nrules: %[3]s\n",
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {namespace: %[1]s, name: %[2]s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[2]s}\n" +
			"subjects: [{kind: ServiceAccount, namespace: %[1]s, name: %[2]s}]\n",
	} {
		if _, err := g.cluster.apply(ctx, fmt.Appendf(nil, document+"# %[3]s\n", g.namespace, gatewayAccount, text)); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gateway) run(ctx context.Context) error {
	cfg, err := clientcmd.LoadFromFile(g.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	for _, user := range cfg.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + g.namespace + ":" + gatewayAccount
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + g.namespace, "system:authenticated"}
	}
	if err := clientcmd.WriteToFile(*cfg, g.file("gateway.kubeconfig")); err != nil {
		return err
	}
	var addresses [3]string
	for i := range addresses {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		addresses[i] = l.Addr().String()
		if err := l.Close(); err != nil {
			return err
		}
	}
	g.URL, g.health = "http://"+addresses[0], addresses[2]
	activator, err := g.cluster.Kube.CoreV1().Services("knative-serving").Get(ctx, "activator-service", metav1.GetOptions{})
	if err != nil {
		return err
	}
	log, err := os.Create(g.file(g.name + ".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	//nolint:noctx // it is stopped by Stop, after the test's context has ended
	p := exec.Command(g.file("gateway"), "gateway", "-kubeconfig", g.file("gateway.kubeconfig"), "-namespace", g.namespace, "-only-namespace", g.namespace,
		"-replica", g.name, "-listen-address", addresses[0], "-peer-address", addresses[1], "-peer-host", "127.0.0.1", "-address", g.URL,
		"-activator-address", net.JoinHostPort(activator.Spec.ClusterIP, "80"), "-metrics-address", "0", "-health-address", g.health, "-settle", "0s", "-drain", "30s")
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return err
	}
	g.process, g.exited = p, make(chan error, 1)
	go func() { g.exited <- p.Wait() }()
	return nil
}

func (g *Gateway) ready(ctx context.Context) error {
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		_, err := Get(ctx, http.DefaultClient, "http://"+g.health+"/readyz")
		return err
	})
}
