// Package testenv is what tests and the demo stand on: a real cluster with Knative, namespaces in it that clean up after
// themselves, and requests to what runs there.
package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// defaultImage answers with its TARGET on any cluster that can pull from the internet.
const defaultImage = "ghcr.io/knative/helloworld-go:latest"

// Cluster is the cluster that KUBECONFIG names.
type Cluster struct {
	Kubeconfig string
	Config     *rest.Config
	Kube       kubernetes.Interface
	Dynamic    dynamic.Interface
	// Image answers "Hello <TARGET>!" to a request. The bed's own has switches beside (internal/devcluster/cmd/app).
	Image string
	// OnBed says that the cluster is the bed, so that the test application and its registry are there.
	OnBed bool
}

// Connect opens the cluster of KUBECONFIG and makes sure that Knative is in it.
func Connect(ctx context.Context) (*Cluster, error) {
	path := os.Getenv("KUBECONFIG")
	if path == "" {
		return nil, errors.New("KUBECONFIG is not set: run `make test` or `make demo`, which bring up a cluster, or point KUBECONFIG to one that has Knative")
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("KUBECONFIG %s: %w", path, err)
	}
	cfg.QPS = -1
	c := &Cluster{Kubeconfig: path, Config: cfg, Image: defaultImage}
	if image := os.Getenv("KNATIVE_TEST_IMAGE"); image != "" {
		c.Image, c.OnBed = image, true
	}
	if c.Kube, err = kubernetes.NewForConfig(cfg); err != nil {
		return nil, err
	}
	if c.Dynamic, err = dynamic.NewForConfig(cfg); err != nil {
		return nil, err
	}
	if _, err := c.Kube.Discovery().ServerResourcesForGroupVersion("serving.knative.dev/v1"); err != nil {
		return nil, fmt.Errorf("the cluster of KUBECONFIG %s (%s) has no Knative Serving: %w", path, cfg.Host, err)
	}
	return c, nil
}

// OwnGuardLabel is on the namespaces of tests: the guard that `make cluster` installs leaves them alone, for a test may run a guard of
// its own there.
const OwnGuardLabel = "knative-provider.dev/own-guard"

// Namespace makes a namespace and gives a function that deletes it and waits until it is gone.
func (c *Cluster) Namespace(ctx context.Context, prefix string) (string, func(context.Context) error, error) {
	ns, err := c.Kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix, Labels: map[string]string{OwnGuardLabel: "true"}}}, metav1.CreateOptions{})
	if err != nil {
		return "", nil, err
	}
	return ns.Name, func(ctx context.Context) error {
		err := c.Kube.CoreV1().Namespaces().Delete(ctx, ns.Name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}, nil
}

// Gone waits until a namespace that was deleted is no more.
func (c *Cluster) Gone(ctx context.Context, namespace string) error {
	return Eventually(ctx, 5*time.Minute, func(ctx context.Context) error {
		_, err := c.Kube.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("namespace %s is still there", namespace))
	})
}

// EnsureNamespace makes a namespace that stays.
func (c *Cluster) EnsureNamespace(ctx context.Context, name string) error {
	_, err := c.Kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Eventually tries until a check passes, and gives its last error when the time is up.
func Eventually(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil && last != nil {
		return fmt.Errorf("not within %s: %w", limit, last)
	}
	return err
}
