package provider

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// factories serve this package's provider to the real Terraform CLI.
var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"knative": func() (tfprotov6.ProviderServer, error) { return New("test")(), nil },
}

var connect = sync.OnceValues(func() (*testenv.Cluster, error) {
	c, err := testenv.Connect(context.Background())
	if err == nil {
		err = os.Setenv("KUBE_CONFIG_PATH", c.Kubeconfig) // for the provider, in every test alike
	}
	return c, err
})

// noImage is an image that is nowhere: with wait_for_ready = false, its Services make no Pod whose end a destroy waits for.
const noImage = "example.invalid/none:v1"

// shortTimeout is the timeout of requests, in seconds, which is how long a Pod may take to end as well. A destroy waits for that,
// and queue-proxy takes half a minute where it may.
const shortTimeout = 10

// accept prepares an acceptance test: the real cluster and a namespace of the test's own. Without TF_ACC it skips, as all
// providers' do; `make test` sets it.
func accept(t *testing.T) (*testenv.Cluster, string) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1 and a cluster: make test")
	}
	t.Parallel()
	c, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	namespace, remove, err := c.Namespace(t.Context(), "acc-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(context.Background()); err != nil {
			t.Errorf("removing namespace %s: %v", namespace, err)
		}
	})
	return c, namespace
}

// acceptOnBed prepares a test that needs the switches of the bed's test application, to crash and to be missing.
func acceptOnBed(t *testing.T) (*testenv.Cluster, string) {
	t.Helper()
	c, namespace := accept(t)
	if !c.OnBed {
		t.Skip("this cluster is not the bed (make cluster), whose test application misbehaves when told to")
	}
	return c, namespace
}

// serviceConfig renders a knative_service.
type serviceConfig struct {
	Namespace, Name, Revision, Image string
	Env                              map[string]string
	// More is further HCL inside the resource, Template inside its template, Container inside the template's container.
	More, Template, Container string
}

func (c serviceConfig) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "resource \"knative_service\" %q {\n  namespace = %q\n  name = %q\n  template {\n", c.Name, c.Namespace, c.Name)
	if c.Revision != "" {
		fmt.Fprintf(&b, "    name = %q\n", c.Revision)
	}
	fmt.Fprintf(&b, "    containers {\n      image = %q\n", c.Image)
	env := map[string]string{"TARGET": c.Revision}
	maps.Copy(env, c.Env)
	for _, k := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "      env {\n        name = %q\n        value = %q\n      }\n", k, env[k])
	}
	fmt.Fprintf(&b, "%s\n    }\n%s\n", c.Container, c.Template)
	if !strings.Contains(c.Template, "timeout_seconds") {
		fmt.Fprintf(&b, "timeout_seconds = %d\n", shortTimeout)
	}
	fmt.Fprintf(&b, "  }\n%s\n}\n", c.More)
	return b.String()
}

// splitConfig renders a knative_traffic_split of the knative_service of the same name.
type splitConfig struct {
	Namespace, Service string
	Targets            []string
	More               string
}

func (c splitConfig) String() string {
	return fmt.Sprintf("resource \"knative_traffic_split\" %q {\n  namespace = %q\n  service = knative_service.%s.name\n%s\n%s\n}\n",
		c.Service, c.Namespace, c.Service, strings.Join(c.Targets, "\n"), c.More)
}

// pin renders a target on a Revision.
func pin(revision string, percent int, more ...string) string {
	return target(append([]string{fmt.Sprintf("revision_name = %q", revision), fmt.Sprintf("percent = %d", percent)}, more...)...)
}

func target(lines ...string) string {
	return "  traffic {\n    " + strings.Join(lines, "\n    ") + "\n  }"
}

// hcl is a part of a configuration that is written out.
type hcl string

func (h hcl) String() string { return string(h) }

// says matches a text in Terraform's output, wherever it breaks the lines.
func says(text string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(text), " ", `[\s│]+`))
}

func config(parts ...fmt.Stringer) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.String())
	}
	return b.String()
}

// live reads an object as it is in the cluster; nil where there is none.
func live(t *testing.T, c *testenv.Cluster, kind kube.Kind, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	list, err := c.Dynamic.Resource(kind.GroupVersionResource).Namespace(namespace).List(context.Background(), metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 {
		return nil
	}
	return &list.Items[0]
}

// gone waits until a Service is no more.
func gone(t *testing.T, c *testenv.Cluster, namespace, name string) {
	t.Helper()
	err := testenv.Eventually(t.Context(), time.Minute, func(context.Context) error {
		if live(t, c, kube.Service, namespace, name) != nil {
			return fmt.Errorf("%s/%s is still there", namespace, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eventuallyReady waits until a Revision is the latest Ready one of a Service.
func eventuallyReady(t *testing.T, c *testenv.Cluster, namespace, name, revision string) {
	t.Helper()
	err := testenv.Eventually(t.Context(), 2*time.Minute, func(context.Context) error {
		if got := readyRevision(live(t, c, kube.Service, namespace, name)); got != revision {
			return fmt.Errorf("%q is Ready, want %q", got, revision)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// byKubectl changes a Service as a person with kubectl does.
func byKubectl(t *testing.T, c *testenv.Cluster, namespace, name, patch string) {
	t.Helper()
	patchObject(t, c, kube.Ref{Kind: kube.Service, Namespace: namespace, Name: name}, patch)
}

// goneFrom checks that nothing of Knative's is left in a namespace.
func goneFrom(t *testing.T, c *testenv.Cluster, namespace string) {
	t.Helper()
	for _, kind := range []kube.Kind{kube.Service, kube.Configuration, kube.Revision, kube.Route, kube.Pod} {
		list, err := c.Dynamic.Resource(kind.GroupVersionResource).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Items {
			t.Errorf("left behind: %s %s/%s", kind.Kind, namespace, o.GetName())
		}
	}
}
