//go:build conformance

package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/networking/test"
	pkgtest "knative.dev/pkg/test"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const (
	// bridge is this machine to whatever runs on the bed, and registry the bed's own there.
	bridge, registry = "10.244.0.1", "10.244.0.1:5000"
	// The suite asks for these ports of whatever address the status names.
	publicPort, securePort = 80, 443
)

// images are the suite's, built from its module.
var images = []string{"httpproxy", "retry", "runtime", "timeout", "wsserver"}

// bed is the cluster with the guard, which looks after the suite's namespace, and two load balancers: one for everyone, and one that
// Pods find at the bridge's address.
type bed struct {
	*testenv.Cluster
	t   *testing.T
	slb *slbtest.Bed
}

func newBed(t *testing.T) *bed {
	t.Helper()
	c, err := testenv.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !c.OnBed {
		t.Fatal("the load balancers' addresses lead to this machine only: run this on the bed, without KUBECONFIG")
	}
	b := &bed{Cluster: c, t: t}
	b.namespace()
	b.images()
	localPort := freePort(t)
	// Half a second for a second: the suite waits ten seconds for answers, of the load balancer's sixty.
	public := newEither()
	quotas := slbsim.DefaultALB
	quotas.Standard.Rules = 400 // the suite's tests run all at once, each rule is on two listeners, and a probe has one more
	b.slb = slbtest.New(t, slbsim.Options{ALB: &quotas, Second: 500 * time.Millisecond, Listen: func(address string, port int) (net.Listener, error) {
		if port == localPort {
			address = bridge
		}
		l, err := slbsim.ListenLoopback(address, port)
		if err == nil && (port == publicPort || port == securePort) {
			l = public.listener(l, port == securePort)
		}
		return l, err
	}})
	for name, at := range b.slb.Endpoints() {
		t.Setenv(strings.ToUpper(name)+"_ENDPOINT", at)
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "sim")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "sim")
	t.Setenv("ALIBABA_CLOUD_REGION", "cn-hangzhou")
	guard, err := c.StartGuard(t.Context(), test.ServingNamespace, t.TempDir(), "-slb-probe-rules", "-slb-secrets")
	t.Cleanup(func() {
		if err := guard.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.bind("conformance-public", publicPort, "Public", func(id string) []v1alpha1.SLBListener {
		secure := b.slb.ALBListener(id, securePort, b.slb.Certificate("unknown.example.com"))
		return []v1alpha1.SLBListener{{ID: secure, Port: securePort, Protocol: "HTTPS", Visibility: "Public"}}
	})
	b.bind("conformance-local", localPort, "ClusterLocal", func(string) []v1alpha1.SLBListener { return nil })
	return b
}

// namespace makes the suite's, anew.
func (b *bed) namespace() {
	b.t.Helper()
	ctx, namespaces := b.t.Context(), b.Kube.CoreV1().Namespaces()
	if err := namespaces.Delete(ctx, test.ServingNamespace, metav1.DeleteOptions{}); err == nil {
		if err := b.Gone(ctx, test.ServingNamespace); err != nil {
			b.t.Fatal(err)
		}
	} else if !apierrors.IsNotFound(err) {
		b.t.Fatal(err)
	}
	if _, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: test.ServingNamespace}}, metav1.CreateOptions{}); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = namespaces.Delete(context.Background(), test.ServingNamespace, metav1.DeleteOptions{}) })
}

// images builds the suite's with ko and pushes them to the bed's registry. The base is the one static image that is to be had without
// the internet: that of the tests' application.
func (b *bed) images() {
	b.t.Helper()
	ko, err := exec.CommandContext(b.t.Context(), "../tools/build", "ko").Output()
	if err != nil {
		b.t.Fatalf("ko: %v", err)
	}
	args := []string{"build", "--base-import-paths", "--insecure-registry", "--sbom", "none", "--platform", "linux/" + goarch(b.t)}
	for _, image := range images {
		args = append(args, "knative.dev/networking/test/test_images/"+image)
	}
	cmd := exec.CommandContext(b.t.Context(), strings.TrimSpace(string(ko)), args...)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "KO_DOCKER_REPO="+registry+"/conformance", "KO_DEFAULTBASEIMAGE="+b.Image)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("ko: %v\n%s", err, out)
	}
	pkgtest.Flags.DockerRepo, pkgtest.Flags.Tag = registry+"/conformance", "latest"
	pkgtest.Flags.ImageTemplate = "{{.Repository}}/{{.Name}}:{{.Tag}}"
}

// bind makes a load balancer as Terraform would, with a listener of HTTP and others, and the SLBIngress that names it.
func (b *bed) bind(name string, port int, visibility string, others func(id string) []v1alpha1.SLBListener) {
	b.t.Helper()
	id := b.slb.ALB(name, "Standard")
	listener := b.slb.ALBListener(id, port)
	b.answersUnknownHosts(port)
	address, _, err := net.SplitHostPort(b.slb.Endpoint(id, port))
	if err != nil {
		b.t.Fatal(err)
	}
	o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.SLBIngress{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SLBIngress"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"knative-provider.dev/guard": test.ServingNamespace}},
		Spec: v1alpha1.SLBIngressSpec{
			LoadBalancerType: v1alpha1.ALB, LoadBalancerID: id, VPCID: slbsim.FirstVPC, Address: address,
			Listeners: append(others(id), v1alpha1.SLBListener{ID: listener, Port: int32(port), Protocol: "HTTP", Visibility: visibility}),
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	bindings := b.Dynamic.Resource(v1alpha1.GroupVersion.WithResource("slbingresses"))
	if _, err := bindings.Create(b.t.Context(), &unstructured.Unstructured{Object: o}, metav1.CreateOptions{}); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := bindings.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			b.t.Error(err)
		}
		if err := testenv.Eventually(ctx, time.Minute, func(ctx context.Context) error {
			left, err := bindings.Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return errors.Join(err, fmt.Errorf("it is still there: %v", left))
		}); err != nil {
			b.t.Error(err)
		}
	})
}

// answersUnknownHosts puts a server into the default group of a listener that answers 404, as the suite wants it. An ALB itself has
// no other default than a group.
func (b *bed) answersUnknownHosts(port int) {
	b.t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	b.t.Cleanup(server.Close)
	ip, serverPort, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	var found struct {
		Groups []struct {
			ID string `json:"ServerGroupId"`
		} `json:"ServerGroups"`
	}
	b.call("ListServerGroups", struct {
		Names []string `json:"ServerGroupNames"`
	}{[]string{"default-" + strconv.Itoa(port)}}, &found)
	if len(found.Groups) != 1 {
		b.t.Fatalf("%d default groups of port %d", len(found.Groups), port)
	}
	type member struct {
		Type   string `json:"ServerType"`
		ID     string `json:"ServerId"`
		Port   string `json:"Port"`
		Weight int    `json:"Weight"`
	}
	b.call("AddServersToServerGroup", struct {
		Group   string   `json:"ServerGroupId"`
		Servers []member `json:"Servers"`
	}{found.Groups[0].ID, []member{{"Ip", ip, serverPort, 100}}}, nil)
}

func (b *bed) call(action string, in, out any) {
	b.t.Helper()
	if err := b.slb.Client.Call(b.t.Context(), cloud.ALB, action, in, out); err != nil {
		b.t.Fatal(err)
	}
}

func goarch(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", bridge+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
