package provider

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

var destroyNow = []string{"destroy", "-auto-approve", "-no-color", "-input=false"}

// appliedSLB is a workspace in which a configuration was applied.
func appliedSLB(t *testing.T, env map[string]string, lines ...hcl) *testenv.CLI {
	t.Helper()
	cli := workspace(t, env, hcl(strings.Join(texts(lines), "")))
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Fatal(out)
	}
	return cli
}

func texts(lines []hcl) []string {
	var out []string
	for _, l := range lines {
		out = append(out, string(l))
	}
	return out
}

// A destroy waits for the guard before it touches the cloud, and goes on when the guard has let go.
func TestAccSLBIngressDestroyWaitsForTheGuard(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	cli := appliedSLB(t, nil, b.provider(), b.ingress(newALB, listenerHCL(8080, "HTTP")))
	cleaned := b.guarded()
	before := b.Resources()
	done := make(chan string, 1)
	go func() {
		out, ok := output(t, cli, destroyNow...)
		if ok {
			out = ""
		}
		done <- out
	}()
	err := testenv.Eventually(t.Context(), time.Minute, func(context.Context) error { return b.deleting() })
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if diff := cmp.Diff(before, b.Resources()); diff != "" {
		t.Errorf("while the guard cleans up (-before +after)\n%s", diff)
	}
	cleaned()
	if out := <-done; out != "" {
		t.Fatal(out)
	}
	if err := b.empty(nil); err != nil {
		t.Error(err)
	}
}

// With no guard that takes its finalizer off, the error says how to go on; that done, the destroy goes on.
func TestAccSLBIngressDestroyWithoutGuard(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	cli := appliedSLB(t, nil, b.provider(), b.ingress(newALB, listenerHCL(8080, "HTTP"), "timeouts {\n    delete = \"10s\"\n  }"))
	cleaned := b.guarded()
	before := b.Resources()
	out, ok := output(t, cli, destroyNow...)
	for _, want := range []string{"The guard has not let go of the load balancer", "after 10s its finalizer " + v1alpha1.SLBFinalizer + " is still there", "kubectl patch slbingress " + b.name} {
		if ok || !says(want).MatchString(out) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if diff := cmp.Diff(before, b.Resources()); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	cleaned()
	if out, ok := output(t, cli, destroyNow...); !ok {
		t.Fatal(out)
	}
	if err := b.empty(nil); err != nil {
		t.Error(err)
	}
}

// A cluster that is gone leaves the cloud as it is, and the error says what to do.
func TestAccSLBIngressDestroyWithoutCluster(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	proxy, _ := proxied(t, b.cluster)
	cli := appliedSLB(t, map[string]string{"KUBE_HOST": proxy.URL}, b.provider(), b.ingress(newALB, listenerHCL(8080, "HTTP")))
	before := b.Resources()
	proxy.Cut()
	out, ok := output(t, cli, append(destroyNow, "-refresh=false")...)
	for _, want := range []string{"Cluster unreachable", "Nothing was taken away", "terraform state rm ADDRESS"} {
		if ok || !says(want).MatchString(out) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if diff := cmp.Diff(before, b.Resources()); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	if err := proxy.Restore(); err != nil {
		t.Fatal(err)
	}
	if out, ok := output(t, cli, destroyNow...); !ok {
		t.Fatal(out)
	}
	if err := b.empty(nil); err != nil {
		t.Error(err)
	}
}

// A load balancer that was made here is given away by writing its ID, and stays when the resource goes.
func TestAccSLBIngressGivenAway(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	cli := appliedSLB(t, nil, b.provider(), b.ingress(newALB, listenerHCL(8080, "HTTP")))
	id := b.resource("alb").ID
	rewrite(t, cli, b.provider(), b.ingress(`load_balancer_id = "`+id+`"`, listenerHCL(8080, "HTTP")))
	converges(t, cli)
	if out, ok := output(t, cli, destroyNow...); !ok {
		t.Fatal(out)
	}
	if err := b.has(map[string]int{"alb": 1})(nil); err != nil {
		t.Error(err)
	}
	if lb := b.resource("alb"); lb.ID != id || len(lb.Tags) != 0 {
		t.Errorf("there is %+v", lb)
	}
	b.call(cloud.ALB, "DeleteLoadBalancer", byID{id})
}

// Import by resource identity gives an empty plan; see TestAccImportByIdentity.
func TestAccSLBIngressImportByIdentity(t *testing.T) {
	t.Parallel()
	b := newSLBBed(t, slbsim.Options{})
	made := b.ingress(newCLB, listenerHCL(8080, "HTTP"), listenerHCL(8081, "HTTP", "idle_timeout = 30"))
	owner := appliedSLB(t, nil, b.provider(), made)
	t.Cleanup(func() {
		if out, ok := output(t, owner, destroyNow...); !ok {
			t.Error(out)
		}
	})
	importer := workspace(t, nil, b.provider(), made)
	importer.Bin = openTofu(t)
	imports := "import {\n  to = " + it + "\n  identity = { name = \"" + b.name + "\" }\n}\n"
	if err := os.WriteFile(filepath.Join(importer.Dir, "import.tf"), []byte(imports), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-no-color", "-input=false"}, {"plan", "-no-color", "-input=false"}} {
		out, ok := output(t, importer, args...)
		if !ok {
			t.Fatal(out)
		}
		if args[0] == "plan" && !strings.Contains(out, "1 to import, 0 to add, 0 to change, 0 to destroy") {
			t.Errorf("the plan:\n%s", out)
		}
	}
}
