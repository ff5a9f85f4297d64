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
	// Args are more arguments of its command line.
	Args []string
	// Env are more variables of its environment, each as NAME=value.
	Env []string
	// Server is the API server's URL, where the guard is to reach it by another than the cluster's own: a Proxy.
	Server string
	// FailurePolicy is what becomes of a change that the guard does not answer for; Ignore, as in the chart, where it is empty.
	FailurePolicy string

	cluster                   *Cluster
	namespace, top, work, bin string
	slice                     string // of the Service's EndpointSlices, its own
	port, health              int
	process                   *exec.Cmd
	unmount                   context.CancelFunc
	made                      []*unstructured.Unstructured // what is not in its namespace
}

// StartGuard runs the guard for a namespace, with its files in the folder work, and waits until the API server asks it. More
// arguments go to its command line. Stop it, also after an error.
func (c *Cluster) StartGuard(ctx context.Context, namespace, work string, args ...string) (*Guard, error) {
	g := c.NewGuard(namespace, work)
	g.Args = args
	err := g.Start(ctx)
	return g, err
}

// NewGuard is one that does not run yet.
func (c *Cluster) NewGuard(namespace, work string) *Guard {
	return &Guard{cluster: c, namespace: namespace, work: work, slice: "knative-guard"}
}

// Beside is another replica of it, which does not run yet.
func (g *Guard) Beside(work string) *Guard {
	return &Guard{cluster: g.cluster, namespace: g.namespace, work: work, slice: g.slice + "-2"}
}

// Start runs it, and waits until the API server asks it. Stop it, also after an error.
func (g *Guard) Start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{g.cluster.GuardCRDs, g.build, g.freePorts, g.objects, g.mount, g.Run, g.Ready, g.asked} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("starting the guard: %w\n%s", err, g.Log())
		}
	}
	return nil
}

// Kill ends the process as kill -9 does; Run starts it again.
func (g *Guard) Kill() error {
	err := g.process.Process.Kill()
	_ = g.process.Wait() // which says that it was killed
	g.process = nil
	return err
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
		g.process = nil
	}
	if g.unmount != nil {
		g.unmount()
	}
	return errors.Join(errs...)
}

// Ready waits until it says so.
func (g *Guard) Ready(ctx context.Context) error {
	client := &http.Client{Timeout: time.Second}
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		_, err := Get(ctx, client, g.ReadyURL())
		return err
	})
}

// ReadyURL is where it says whether it is Ready.
func (g *Guard) ReadyURL() string { return fmt.Sprintf("http://127.0.0.1:%d/readyz", g.health) }

// Address is where it answers the API server.
func (g *Guard) Address() string { return net.JoinHostPort(bedAddress, strconv.Itoa(g.port)) }

func (g *Guard) freePorts(ctx context.Context) error {
	ports, err := FreePorts(ctx, 2)
	if err == nil {
		g.port, g.health = ports[0], ports[1]
	}
	return err
}

// Run starts the process, with the rights of its service account and no more. It does not wait until it is Ready.
func (g *Guard) Run(context.Context) error {
	cfg, err := clientcmd.LoadFromFile(g.cluster.Kubeconfig)
	if err != nil {
		return err
	}
	for _, user := range cfg.AuthInfos {
		user.Impersonate = "system:serviceaccount:" + g.namespace + ":knative-guard"
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + g.namespace, "system:authenticated"}
	}
	if g.Server != "" {
		for _, cluster := range cfg.Clusters {
			cluster.Server, cluster.CertificateAuthority, cluster.CertificateAuthorityData = g.Server, "", nil
		}
	}
	if err := clientcmd.WriteToFile(*cfg, g.file("kubeconfig")); err != nil {
		return err
	}
	log, err := os.OpenFile(g.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := append([]string{
		"-kubeconfig", g.file("kubeconfig"), "-namespace", g.namespace, "-only-namespace", g.namespace,
		"-port", strconv.Itoa(g.port), "-metrics-address", "0", "-health-address", "127.0.0.1:" + strconv.Itoa(g.health), "-leader-election=false", "-graceful-shutdown", "20s", "-drain", "0s",
		"-certificate-dir", g.work, "-webhook-configuration", g.namespace, "-certificate-validity", "24h", "-certificate-renewal", "1h", "-certificate-check", "1h",
	}, g.Args...)
	p := exec.Command(g.bin, args...) //nolint:noctx // it is stopped by Stop, after the test's context has ended
	p.Env = append(os.Environ(), g.Env...)
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return err
	}
	g.process = p
	return nil
}

// mount keeps the certificates' files as they are in their Secret, as a kubelet does, until Stop.
func (g *Guard) mount(ctx context.Context) error {
	ctx, g.unmount = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		for version := ""; ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
			secret, err := g.cluster.Kube.CoreV1().Secrets(g.namespace).Get(ctx, "knative-guard-tls", metav1.GetOptions{})
			if err != nil || secret.ResourceVersion == version || len(secret.Data["tls.crt"]) == 0 {
				continue
			}
			if errors.Join(os.WriteFile(g.file("tls.key"), secret.Data["tls.key"], 0o600), os.WriteFile(g.file("tls.crt"), secret.Data["tls.crt"], 0o600)) == nil {
				version = secret.ResourceVersion
			}
		}
	}()
	return nil
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

// Log is what it has logged.
func (g *Guard) Log() string {
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
