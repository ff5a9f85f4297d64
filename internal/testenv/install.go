package testenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	// GuardNamespace is where InstallGuard installs the guard, and the name of everything that it makes.
	GuardNamespace = "knative-guard"
	// installedAnnotation is on that namespace, and tells what was installed.
	installedAnnotation = "knative-provider.dev/installed"
	// bedRegistry is the bed's own, in memory: the cluster pulls from it, and this machine pushes to it.
	bedRegistry = bedAddress + ":5000"
	// bedAddress is this machine to whatever runs on the bed.
	bedAddress = "10.244.0.1"
)

// InstallGuard installs the guard of this checkout on the bed by its chart, as anyone would, or upgrades it, for all namespaces but
// those of tests. It waits until the API server asks it, and says whether there was anything to do.
func (c *Cluster) InstallGuard(ctx context.Context) (changed bool, err error) {
	if !c.OnBed {
		return false, errors.New("the guard is installed on the bed only: on your own cluster, install webhook/chart with Helm")
	}
	top, err := repository(ctx)
	if err != nil {
		return false, err
	}
	key, err := c.guardKey(ctx, top)
	if err != nil || c.installed(ctx, key) {
		return false, err
	}
	image, err := c.GuardImage(ctx)
	if err != nil {
		return false, err
	}
	for _, step := range []func() error{
		func() error { return c.GuardCRDs(ctx) },
		func() error { return c.guardNamespace(ctx, "") },
		func() error { return c.release(ctx, top, image) },
		func() error { return c.asksGuard(ctx) },
		func() error { return c.guardNamespace(ctx, key) },
	} {
		if err := step(); err != nil {
			return true, fmt.Errorf("installing the guard: %w", err)
		}
	}
	return true, nil
}

// GuardImage builds the guard's image, pushes it to the bed's registry, and gives its name with its digest.
func (c *Cluster) GuardImage(ctx context.Context) (string, error) {
	return c.BuildImage(ctx, "./webhook", "knative-guard")
}

// BuildImage builds an image of a command of this repository with ko, for this machine only, pushes it to the bed's registry, and
// gives its name with its digest. The base is the one static image that is to be had without the internet: that of the tests'
// application, which runs as the same user.
func (c *Cluster) BuildImage(ctx context.Context, command, name string) (string, error) {
	ko, err := Tool(ctx, "ko")
	if err != nil {
		return "", err
	}
	top, err := repository(ctx)
	if err != nil {
		return "", err
	}
	out, err := output(ctx, top, []string{"KO_DOCKER_REPO=" + bedRegistry + "/" + name, "KO_DEFAULTBASEIMAGE=" + c.Image},
		ko, "build", "--bare", "--insecure-registry", "--sbom", "none", "--platform", "linux/"+runtime.GOARCH, command)
	return strings.TrimSpace(out), err
}

// values are what the bed has otherwise than the chart: one replica, for there is one node; the event gateway; no SLBIngresses, for it has
// no cloud; and the namespaces of tests left alone.
func values(image string) []string {
	repository, digest, _ := strings.Cut(image, "@")
	return []string{
		"--set", "image.repository=" + repository, "--set", "image.digest=" + digest, "--set", "replicas=1", "--set", "slb.enabled=false",
		"--set", "gateway.enabled=true", "--set", "gateway.replicas=1", "--set", "gateway.drainSeconds=10",
		"--set", "namespaceSelector.matchExpressions[0].operator=DoesNotExist", "--set", "namespaceSelector.matchExpressions[0].key=" + OwnGuardLabel,
	}
}

// release installs the chart, or upgrades it. What an interrupted Helm left is taken away first.
func (c *Cluster) release(ctx context.Context, top, image string) error {
	upgrade := append([]string{"upgrade", "--install", GuardNamespace, "webhook/chart", "--skip-crds", "--wait", "--timeout", "3m"}, values(image)...)
	err := c.Helm(ctx, top, GuardNamespace, upgrade...)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return errors.Join(c.Helm(ctx, top, GuardNamespace, "uninstall", GuardNamespace, "--ignore-not-found"), c.Helm(ctx, top, GuardNamespace, upgrade...))
}

// Helm runs one command of the Helm that internal/tools pins, in a folder and for a namespace.
func (c *Cluster) Helm(ctx context.Context, dir, namespace string, args ...string) error {
	helm, err := Tool(ctx, "helm")
	if err != nil {
		return err
	}
	_, err = output(ctx, dir, []string{"KUBECONFIG=" + c.Kubeconfig}, helm, append(args, "--namespace", namespace)...)
	return err
}

// guardKey tells one guard from another: by what is compiled, which the go command knows without linking it, its chart and its values.
func (c *Cluster) guardKey(ctx context.Context, top string) (string, error) {
	build, err := output(ctx, top, nil, "go", "list", "-export", "-f", "{{.BuildID}}", "./webhook")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, build, c.Image, values(""))
	err = filepath.WalkDir(filepath.Join(top, "webhook/chart"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		raw, err := os.ReadFile(path)
		_, _ = fmt.Fprintf(h, "%s %d\n%s", path[len(top):], len(raw), raw)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// installed says that this very guard is there and Ready.
func (c *Cluster) installed(ctx context.Context, key string) bool {
	ns, err := c.Kube.CoreV1().Namespaces().Get(ctx, GuardNamespace, metav1.GetOptions{})
	if err != nil || ns.Annotations[installedAnnotation] != key {
		return false
	}
	d, err := c.Kube.AppsV1().Deployments(GuardNamespace).Get(ctx, GuardNamespace, metav1.GetOptions{})
	return err == nil && d.Status.ObservedGeneration == d.Generation && d.Status.AvailableReplicas > 0 && d.Status.UnavailableReplicas == 0
}

// guardNamespace makes the namespace as guard-yaml does, with the key of what is installed.
func (c *Cluster) guardNamespace(ctx context.Context, key string) error {
	text := fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %s\n  labels: {pod-security.kubernetes.io/enforce: restricted}\n  annotations: {%s: %q}\n", GuardNamespace, installedAnnotation, key)
	_, err := c.apply(ctx, []byte(text))
	return err
}

// asksGuard waits until the API server asks the guard, by what it alone refuses: it answers a moment after it is Ready.
func (c *Cluster) asksGuard(ctx context.Context) error {
	services := c.Dynamic.Resource(schema.GroupVersionResource{Group: "serving.knative.dev", Version: "v1", Resource: "services"}).Namespace(metav1.NamespaceDefault)
	probe := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": map[string]any{"name": "guard-probe"},
		"spec": map[string]any{
			"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"image": c.Image}}}},
			"traffic":  []any{map[string]any{"revisionName": "guard-probe-none", "percent": int64(100)}},
		},
	}}
	return Eventually(ctx, time.Minute, func(ctx context.Context) error {
		_, err := services.Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil && strings.Contains(err.Error(), "rule target-exists") {
			return nil
		}
		return errors.Join(errors.New("the API server does not ask the guard yet"), err)
	})
}

// HasGuard says whether a guard looks after a namespace: the installed one's webhook configuration is there.
func (c *Cluster) HasGuard(ctx context.Context) (bool, error) {
	_, err := c.Kube.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, GuardNamespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
