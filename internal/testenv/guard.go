package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Guard is the guard as built from this checkout, run on this machine as a process of its own, that the bed's API server asks about
// one namespace. It is to the API server what its chart makes it: a service account with the chart's rules, and a Service with
// the chart's webhook rules.
type Guard struct {
	cluster              *Cluster
	namespace, top, work string
	port                 int
	args                 []string
	process              *exec.Cmd
	made                 []*unstructured.Unstructured // what is not in its namespace
}

// StartGuard runs the guard for a namespace, with its files in the folder work, and waits until the API server asks it. More
// arguments go to its command line. Stop it, also after an error.
func (c *Cluster) StartGuard(ctx context.Context, namespace, work string, args ...string) (*Guard, error) {
	top, err := repository(ctx)
	if err != nil {
		return nil, err
	}
	g := &Guard{cluster: c, namespace: namespace, top: top, work: work, args: args}
	for _, step := range []func(context.Context) error{c.GuardCRDs, g.build, g.freePort, g.objects, g.run, g.mount, g.asked} {
		if err := step(ctx); err != nil {
			return g, fmt.Errorf("starting the guard: %w\n%s", err, g.log())
		}
	}
	return g, nil
}

// Stop ends the process, and removes what it was given outside its namespace.
func (g *Guard) Stop(ctx context.Context) error {
	if g == nil {
		return nil
	}
	var errs []error
	for _, o := range g.made {
		errs = append(errs, g.cluster.remove(ctx, o))
	}
	if g.process != nil {
		errs = append(errs, g.process.Process.Signal(os.Interrupt), g.process.Wait())
	}
	return errors.Join(errs...)
}

func (g *Guard) build(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", g.file("guard"), "./webhook")
	build.Dir = g.top
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func (g *Guard) freePort(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":0")
	if err != nil {
		return err
	}
	g.port = l.Addr().(*net.TCPAddr).Port
	return l.Close()
}

// run starts the process with the rights of its service account, and no more.
func (g *Guard) run(context.Context) error {
	cfg, err := clientcmd.LoadFromFile(g.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	for _, user := range cfg.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + g.namespace + ":knative-guard"
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + g.namespace, "system:authenticated"}
	}
	if err := clientcmd.WriteToFile(*cfg, g.file("kubeconfig")); err != nil {
		return err
	}
	log, err := os.Create(g.file("log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	//nolint:noctx // it is stopped by Stop, after the test's context has ended
	p := exec.Command(g.file("guard"), append([]string{"-kubeconfig", g.file("kubeconfig"), "-namespace", g.namespace, "-only-namespace", g.namespace,
		"-port", strconv.Itoa(g.port), "-metrics-address", "0", "-health-address", "0", "-leader-election=false", "-graceful-shutdown", "5s", "-drain", "0s",
		"-certificate-dir", g.work, "-webhook-configuration", g.namespace, "-certificate-validity", "24h", "-certificate-renewal", "1h", "-certificate-check", "1h"}, g.args...)...)
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return err
	}
	g.process = p
	return nil
}

// mount writes the certificates' files where a kubelet would.
func (g *Guard) mount(ctx context.Context) error {
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		secret, err := g.cluster.Kube.CoreV1().Secrets(g.namespace).Get(ctx, "knative-guard-tls", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(secret.Data["tls.crt"]) == 0 {
			return errors.New("the guard has made no certificate")
		}
		return errors.Join(os.WriteFile(g.file("tls.key"), secret.Data["tls.key"], 0o600), os.WriteFile(g.file("tls.crt"), secret.Data["tls.crt"], 0o600))
	})
}

// asked waits until the API server asks the guard, by what it refuses everyone.
func (g *Guard) asked(ctx context.Context) error {
	records := g.cluster.Dynamic.Resource(v1alpha1.GroupVersion.WithResource("rolloutrecords")).Namespace(g.namespace)
	probe := &unstructured.Unstructured{Object: map[string]any{"apiVersion": v1alpha1.GroupVersion.String(), "kind": "RolloutRecord", "metadata": map[string]any{"name": "probe"}}}
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		_, err := records.Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case err == nil:
			return errors.New("the API server does not ask the guard yet")
		case strings.Contains(err.Error(), "knative-guard: "):
			return nil
		}
		return err
	})
}

func (g *Guard) file(name string) string { return filepath.Join(g.work, name) }

func (g *Guard) log() string {
	text, _ := os.ReadFile(g.file("log"))
	return string(text)
}

// PolicySeen waits until the guard decides by a RolloutPolicy as it is.
func (c *Cluster) PolicySeen(ctx context.Context, namespace, name string) error {
	policies := c.Dynamic.Resource(v1alpha1.GroupVersion.WithResource("rolloutpolicies")).Namespace(namespace)
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		u, err := policies.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); observed != u.GetGeneration() {
			return fmt.Errorf("the guard has seen generation %d of %d of RolloutPolicy %s/%s", observed, u.GetGeneration(), namespace, name)
		}
		return nil
	})
}
