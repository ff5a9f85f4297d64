package main

import (
	"context"
	"io"
	"os"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// guard is the whole guard, run as a process of its own on this machine, that the real API server asks about one namespace.
type guard struct {
	*testenv.Cluster
	t         *testing.T
	namespace string
	admin     client.Client
	process   *testenv.Guard
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
	t.Parallel()
	c, err := testenv.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !c.OnBed {
		t.Skip("the API server must reach the guard on this machine, as the bed's does: make test without KUBECONFIG")
	}
	g := &guard{Cluster: c, t: t, admin: clientFor(t, c.Config)}
	g.namespace = g.newNamespace("guard-")
	if err := c.GuardCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

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

// The clients of tests have nothing to tell; what the guard logs is its process's own.
func init() { ctrl.SetLogger(zap.New(zap.WriteTo(io.Discard))) }

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

// start runs the guard, and waits until the API server asks it.
func (g *guard) start(args ...string) {
	g.t.Helper()
	g.process = g.NewGuard(g.namespace, g.t.TempDir())
	g.process.Args = args
	g.run(g.process)
}

// run starts a guard that is prepared, until the test is over. What it logs is shown where the test fails.
func (g *guard) run(process *testenv.Guard) {
	g.t.Helper()
	g.t.Cleanup(func() {
		if err := process.Stop(context.Background()); err != nil {
			g.t.Errorf("stopping the guard: %v", err)
		}
		if g.t.Failed() {
			g.t.Log(process.Log())
		}
	})
	if err := process.Start(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}
