package provider

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// slbBed is the emulator in this process, a name in the cluster, and the cluster.
type slbBed struct {
	*slbtest.Bed
	t       *testing.T
	cluster *testenv.Cluster
	name    string
}

var slbNames atomic.Int64

// newSLBBed prepares a test of knative_slb_ingress. The SLBIngress has a name of the test's own, for it is in no namespace.
func newSLBBed(t *testing.T, o slbsim.Options) *slbBed {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1 and a cluster: make test")
	}
	c, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	needGuardCRDs(t, c)
	b := &slbBed{Bed: slbtest.New(t, o), t: t, cluster: c, name: fmt.Sprintf("acc-%d-%d", os.Getpid(), slbNames.Add(1))}
	t.Cleanup(b.letGo)
	return b
}

// letGo removes the test's SLBIngress, whatever holds it.
func (b *slbBed) letGo() {
	ctx := context.Background()
	r := b.cluster.Dynamic.Resource(kube.SLBIngress.GroupVersionResource)
	_, _ = r.Patch(ctx, b.name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}) // it may be gone
	_ = r.Delete(ctx, b.name, metav1.DeleteOptions{})
}

// live is the SLBIngress; nil where there is none.
func (b *slbBed) live() *unstructured.Unstructured {
	b.t.Helper()
	return live(b.t, b.cluster, kube.SLBIngress, "", b.name)
}

func (b *slbBed) spec() v1alpha1.SLBIngressSpec {
	b.t.Helper()
	s, err := specIn(b.live())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// patch changes the SLBIngress as kubectl does.
func (b *slbBed) patch(patch string) {
	b.t.Helper()
	_, err := b.cluster.Dynamic.Resource(kube.SLBIngress.GroupVersionResource).
		Patch(context.Background(), b.name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-patch"})
	if err != nil {
		b.t.Fatal(err)
	}
}

// provider is the provider's block, with the emulator for the cloud.
func (b *slbBed) provider(lines ...string) hcl { return slbProvider(b.URL, lines...) }

func slbProvider(url string, lines ...string) hcl {
	if len(lines) == 0 {
		lines = []string{`access_key = "sim"`, `secret_key = "sim"`}
	}
	return hcl(fmt.Sprintf("provider \"knative\" {\n  alicloud {\n    region = \"cn-hangzhou\"\n    %s\n    endpoints {\n      alb = %q\n      slb = %q\n      sts = %q\n    }\n  }\n}\n", strings.Join(lines, "\n    "), url, url, url))
}

// ingress renders a knative_slb_ingress "it".
func (b *slbBed) ingress(lines ...string) hcl {
	return hcl(fmt.Sprintf("resource \"knative_slb_ingress\" \"it\" {\n  name = %q\n  %s\n}\n", b.name, strings.Join(lines, "\n  ")))
}

const it = "knative_slb_ingress.it"

// What load balancers in the emulator's VPC are made with.
const (
	newALB = `address_type = "Intranet"
  vpc_id = "` + slbsim.FirstVPC + `"
  zone_mappings {
    zone_id = "cn-hangzhou-a"
    vswitch_id = "` + slbsim.VSwitchA + `"
  }
  zone_mappings {
    zone_id = "cn-hangzhou-b"
    vswitch_id = "` + slbsim.VSwitchB + `"
  }`
	newCLB = `load_balancer_type = "CLB"
  address_type = "intranet"
  vswitch_id = "` + slbsim.VSwitchA + `"`
)

func listenerHCL(port int, protocol string, lines ...string) string {
	return fmt.Sprintf("listener {\n    port = %d\n    protocol = %q\n    %s\n  }", port, protocol, strings.Join(lines, "\n    "))
}

// kinds counts the emulator's resources by their kind.
func (b *slbBed) kinds() map[string]int {
	out := map[string]int{}
	for _, r := range b.Resources() {
		if r.Kind != "certificate" {
			out[r.Kind]++
		}
	}
	return out
}

// empty wants nothing to be left: not in the emulator, and not in the cluster.
func (b *slbBed) empty(*terraform.State) error {
	if left := b.kinds(); len(left) > 0 {
		return fmt.Errorf("left in the cloud: %v", left)
	}
	if b.live() != nil {
		return fmt.Errorf("the SLBIngress is still there")
	}
	return nil
}

// has wants these many of each kind in the emulator.
func (b *slbBed) has(want map[string]int) func(*terraform.State) error {
	return func(*terraform.State) error {
		if diff := cmp.Diff(want, b.kinds()); diff != "" {
			return fmt.Errorf("in the cloud (-want +got)\n%s", diff)
		}
		return nil
	}
}

// resource is the emulator's first of a kind.
func (b *slbBed) resource(kind string) slbsim.Resource {
	b.t.Helper()
	all := b.Resources()
	i := slices.IndexFunc(all, func(r slbsim.Resource) bool { return r.Kind == kind })
	if i < 0 {
		b.t.Fatalf("there is no %s", kind)
	}
	return all[i]
}

// call calls the emulator as a person at the console does.
func (b *slbBed) call(p cloud.Product, action string, in any) {
	b.t.Helper()
	if err := b.Client.Call(context.Background(), p, action, in, nil); err != nil {
		b.t.Fatal(err)
	}
}

type byID struct {
	ID string `json:"LoadBalancerId"`
}

type byListener struct {
	ID string `json:"ListenerId"`
}

// guarded stands in for the guard's part of the destroy: it puts its finalizer on the SLBIngress, and takes it off when cleaned is
// called. What it does between is its own tests' subject.
func (b *slbBed) guarded() (cleaned func()) {
	b.patch(fmt.Sprintf(`{"metadata":{"finalizers":[%q]}}`, v1alpha1.SLBFinalizer))
	return func() { b.patch(`{"metadata":{"finalizers":null}}`) }
}

// certificates puts a certificate for each host into the emulator.
func (b *slbBed) certificates(hosts ...string) []string {
	b.t.Helper()
	var ids []string
	for _, host := range hosts {
		ids = append(ids, b.Certificate(host))
	}
	return ids
}
