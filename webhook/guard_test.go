package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/yaml"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// guard is the whole guard, run by this test on this machine, that the real API server asks about one namespace. It is to the API
// server what its chart makes it: a service account with the chart's rules, and a Service with the chart's webhook rules.
type guard struct {
	*testenv.Cluster
	t         *testing.T
	namespace string
	admin     client.Client
	port      int
	stop      func() // of the guard that runs
}

// newGuard runs one for a namespace of its own.
func newGuard(t *testing.T) *guard {
	t.Helper()
	g := connect(t)
	g.start()
	return g
}

// connect makes a namespace and the CRDs, and runs no guard yet. It skips without TF_ACC, as the provider's acceptance tests do;
// `make test` sets it.
func connect(t *testing.T) *guard {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1 and a cluster: make test")
	}
	logging()
	c, err := testenv.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !c.OnBed {
		t.Skip("the API server must reach the guard on this machine, as the bed's does: make test without KUBECONFIG")
	}
	g := &guard{Cluster: c, t: t, admin: clientFor(t, c.Config)}
	g.namespace = g.newNamespace("guard-")
	g.crds()
	return g
}

// logging is set once for the process, and not to a test: controller-runtime keeps the first logger that it is given, and whatever
// is logged to a test that is over panics. `go test` shows it where a test fails.
var logging = sync.OnceFunc(func() { ctrl.SetLogger(zap.New(zap.UseDevMode(true))) })

func (g *guard) newNamespace(prefix string) string {
	g.t.Helper()
	namespace, remove, err := g.Namespace(g.t.Context(), prefix)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		if err := remove(context.Background()); err != nil {
			g.t.Errorf("removing namespace %s: %v", namespace, err)
		}
	})
	return namespace
}

func clientFor(t *testing.T, cfg *rest.Config) client.Client {
	t.Helper()
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// as is a client of another user, who may do what the rules say, in the namespace.
func (g *guard) as(name string, rules ...rbacv1.PolicyRule) client.Client {
	g.t.Helper()
	g.create(&rbacv1.Role{ObjectMeta: g.meta(name), Rules: rules},
		&rbacv1.RoleBinding{ObjectMeta: g.meta(name), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}}})
	cfg := rest.CopyConfig(g.Config)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: []string{"system:authenticated"}}
	return clientFor(g.t, cfg)
}

func (g *guard) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: g.namespace, Name: name}
}

func (g *guard) create(objects ...client.Object) {
	g.t.Helper()
	for _, o := range objects {
		if err := g.admin.Create(g.t.Context(), o); err != nil {
			g.t.Fatalf("%T %s: %v", o, o.GetName(), err)
		}
		if o.GetNamespace() != g.namespace {
			g.t.Cleanup(func() { _ = g.admin.Delete(context.Background(), o) })
		}
	}
}

// crds applies those of the chart. They stay: other runs on this cluster may use them.
func (g *guard) crds() {
	g.t.Helper()
	files, err := filepath.Glob("chart/crds/*.yaml")
	if err != nil || len(files) == 0 {
		g.t.Fatalf("no CRDs in chart/crds: %v", err)
	}
	for _, file := range files {
		crd := &unstructured.Unstructured{}
		read(g.t, file, &crd.Object)
		if err := g.admin.Apply(g.t.Context(), client.ApplyConfigurationFromUnstructured(crd), client.FieldOwner("guard-test"), client.ForceOwnership); err != nil {
			g.t.Fatal(err)
		}
	}
	if err := testenv.Eventually(g.t.Context(), 30*time.Second, func(ctx context.Context) error {
		return g.admin.List(ctx, &v1alpha1.RolloutRecordList{})
	}); err != nil {
		g.t.Fatal(err)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// start runs the guard, and waits until the API server asks it.
func (g *guard) start() {
	g.t.Helper()
	g.port = freePort(g.t)
	g.account()
	g.endpoint(g.port)
	g.launch(settings{})
}

// launch runs the guard with settings of its own, as start has prepared it. Stop it to launch it again.
func (g *guard) launch(s settings) {
	g.t.Helper()
	s.namespace, s.only, s.knative, s.port = g.namespace, g.namespace, knativeNamespace, g.port
	s.metrics, s.health, s.gracefulShutdown, s.several = "0", "0", 5*time.Second, true
	s.certificates = certificates{
		dir: g.t.TempDir(), secret: "knative-guard-tls", service: "knative-guard", webhook: g.namespace, rotate: true,
		validity: 24 * time.Hour, ahead: time.Hour, check: time.Hour,
	}
	cfg := rest.CopyConfig(g.Config)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + g.namespace + ":knative-guard",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + g.namespace, "system:authenticated"},
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go g.mount(ctx, s.certificates)
	go func() { done <- run(ctx, cfg, s) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			g.t.Errorf("the guard: %v", err)
		}
	})
	g.t.Cleanup(g.stop)
	if err := testenv.Eventually(g.t.Context(), time.Minute, func(ctx context.Context) error {
		probe := &v1alpha1.RolloutRecord{ObjectMeta: g.meta("probe")}
		if err := g.admin.Create(ctx, probe, client.DryRunAll); err == nil {
			return fmt.Errorf("the API server does not ask the guard yet")
		}
		return nil
	}); err != nil {
		g.t.Fatal(err)
	}
}

// account gives the guard the rights that the chart gives it, in this namespace only: the cluster is shared, and whatever goes wrong
// here, the API server lets it write nowhere else. What has no namespace it needs from a ClusterRole.
func (g *guard) account() {
	g.t.Helper()
	var cluster, own, knative []rbacv1.PolicyRule
	read(g.t, "chart/files/cluster-rules.yaml", &cluster)
	read(g.t, "chart/files/own-rules.yaml", &own)
	read(g.t, "chart/files/knative-rules.yaml", &knative)
	unbound := slices.Clone(cluster)
	unbound = slices.DeleteFunc(unbound, func(r rbacv1.PolicyRule) bool {
		return r.APIGroups[0] != "admissionregistration.k8s.io" && r.APIGroups[0] != "authorization.k8s.io" && r.APIGroups[0] != "apiextensions.k8s.io" && !slices.Contains(r.Resources, "namespaces") && !strings.HasPrefix(r.Resources[0], "slbingresses")
	})
	unbound = append(unbound, rbacv1.PolicyRule{APIGroups: []string{"admissionregistration.k8s.io"}, Resources: []string{"validatingwebhookconfigurations", "mutatingwebhookconfigurations"}, ResourceNames: []string{g.namespace}, Verbs: []string{"get", "update"}})
	subject := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: g.namespace, Name: "knative-guard"}}
	inKnative := metav1.ObjectMeta{Namespace: knativeNamespace, Name: g.namespace}
	g.create(&corev1.ServiceAccount{ObjectMeta: g.meta("knative-guard")},
		&rbacv1.Role{ObjectMeta: inKnative, Rules: knative},
		&rbacv1.RoleBinding{ObjectMeta: inKnative, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: g.namespace}, Subjects: subject},
		&rbacv1.Role{ObjectMeta: g.meta("knative-guard"), Rules: slices.Concat(own, cluster)},
		&rbacv1.RoleBinding{ObjectMeta: g.meta("knative-guard"), RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "knative-guard"}, Subjects: subject},
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: g.namespace}, Rules: unbound},
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: g.namespace}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: g.namespace}, Subjects: subject})
}

// endpoint leads from the API server to this process by a Service, as to a Pod.
func (g *guard) endpoint(port int) {
	g.t.Helper()
	ready, number, name := true, int32(port), "https"
	service := g.meta("knative-guard")
	slice := service
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: service.Name}
	g.create(&corev1.Service{ObjectMeta: service, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: name, Port: 443}}}},
		&discoveryv1.EndpointSlice{
			ObjectMeta: slice, AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints: []discoveryv1.Endpoint{{Addresses: []string{bridge}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
			Ports:     []discoveryv1.EndpointPort{{Name: &name, Port: &number}},
		},
		&corev1.Secret{ObjectMeta: g.meta("knative-guard-tls")},
		g.webhook("ValidatingWebhookConfiguration", "guard.knative-provider.dev", "webhook-rules", admission.Path, map[string]any{"sideEffects": "None"}),
		g.webhook("MutatingWebhookConfiguration", "inject.knative-provider.dev", "injection-rules", admission.InjectPath, map[string]any{"sideEffects": "NoneOnDryRun", "reinvocationPolicy": "IfNeeded"}))
}

// webhook is for this namespace only, and holds up nothing if the test dies.
func (g *guard) webhook(kind, name, rules, path string, more map[string]any) *unstructured.Unstructured {
	g.t.Helper()
	var what []any
	read(g.t, "chart/files/"+rules+".yaml", &what)
	hook := map[string]any{
		"name": name, "admissionReviewVersions": []any{"v1"}, "failurePolicy": "Ignore", "timeoutSeconds": int64(5), "rules": what,
		"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": g.namespace}},
		"clientConfig":      map[string]any{"service": map[string]any{"namespace": g.namespace, "name": "knative-guard", "path": path}},
	}
	maps.Copy(hook, more)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": map[string]any{"name": g.namespace}, "webhooks": []any{hook},
	}}
}

// knativeNamespace is where Knative Serving is on the bed.
const knativeNamespace = "knative-serving"

// bridge is this machine to whatever runs on the bed.
const bridge = "10.244.0.1"

// mount writes the Secret's files where a kubelet would.
func (g *guard) mount(ctx context.Context, c certificates) {
	for ctx.Err() == nil {
		secret := &corev1.Secret{}
		if err := g.admin.Get(ctx, client.ObjectKey{Namespace: g.namespace, Name: c.secret}, secret); err == nil && len(secret.Data["tls.crt"]) > 0 {
			for _, name := range []string{"tls.key", "tls.crt"} {
				if err := os.WriteFile(filepath.Join(c.dir, name), secret.Data[name], 0o600); err != nil {
					g.t.Error(err)
				}
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}
