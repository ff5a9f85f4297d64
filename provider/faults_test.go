package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// proxied opens a proxy between the provider and the API server, and gives the provider's block that leads through it.
func proxied(t *testing.T, c *testenv.Cluster) (*testenv.Proxy, hcl) {
	t.Helper()
	p, err := testenv.NewProxy(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Cut)
	return p, hcl(fmt.Sprintf("provider \"knative\" {\n  host = %q\n}\n", p.URL))
}

// restore ends a cut for the next step.
func restore(t *testing.T, p *testenv.Proxy) func() {
	t.Helper()
	return func() {
		if err := p.Restore(); err != nil {
			t.Fatal(err)
		}
	}
}

// steps runs steps with the real CLI.
func steps(t *testing.T, s ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: s})
}

// installed is the provider as it is built, in a mirror that all workspaces share.
var installed = sync.OnceValues(func() (string, error) {
	var err error
	if mirror, err = os.MkdirTemp("", "knative-mirror-"); err != nil {
		return "", err
	}
	return mirror, testenv.Build(context.Background(), mirror)
})

// mirror is that of installed, for TestMain to remove.
var mirror string

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(mirror) // of no name, it removes nothing
	os.Exit(code)
}

// workspace prepares a directory for the real CLI and the provider as a process of its own.
func workspace(t *testing.T, env map[string]string, parts ...fmt.Stringer) *testenv.CLI {
	t.Helper()
	mirror, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	const source = "terraform {\n  required_providers {\n    knative = { source = \"registry.terraform.io/knative-provider/knative\" }\n  }\n}\n"
	cli, err := testenv.NewCLIWith(t.Context(), mirror, t.TempDir(), map[string]string{"source.tf": source, "main.tf": config(parts...)}, env)
	if err != nil {
		t.Fatal(err)
	}
	return cli
}

// rewrite changes the configuration of a workspace.
func rewrite(t *testing.T, cli *testenv.CLI, parts ...fmt.Stringer) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(cli.Dir, "main.tf"), []byte(config(parts...)), 0o600); err != nil {
		t.Fatal(err)
	}
}

var applyNow = []string{"apply", "-auto-approve", "-no-color", "-input=false"}

// output runs the CLI, and gives what it says and whether it went well.
func output(t *testing.T, cli *testenv.CLI, args ...string) (string, bool) {
	t.Helper()
	out, err := cli.Command(context.Background(), args...).CombinedOutput()
	return string(out), err == nil
}

// converges wants the next apply to go well, and the plan after it to be empty.
func converges(t *testing.T, cli *testenv.CLI) {
	t.Helper()
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Errorf("the next apply fails:\n%s", out)
	}
	if out, ok := output(t, cli, "plan", "-detailed-exitcode", "-no-color", "-input=false"); !ok {
		t.Errorf("the plan after the next apply is not empty:\n%s", out)
	}
}

// names are the Services of a namespace.
func names(t *testing.T, c *testenv.Cluster, namespace string) string {
	t.Helper()
	list, err := c.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range list.Items {
		out = append(out, o.GetName())
	}
	return strings.Join(out, " ")
}
