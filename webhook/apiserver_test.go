package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccFaultAPIServerRestarted crashes an API server of its own under the guard, has a policy changed while the guard cannot see it,
// and starts it again where it was: the guard is Ready again only when it knows the policy as it is now.
func TestAccFaultAPIServerRestarted(t *testing.T) {
	g, server := ownAPIServer(t)
	g.standing()
	g.start()
	policy := &v1alpha1.RolloutPolicy{ObjectMeta: g.meta("careful"), Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))}}
	g.create(policy)
	g.policy(policy, func(*v1alpha1.RolloutPolicySpec) {})
	if err := g.try(t.Context(), "hello-v1 65", "hello-v2 35"); err != nil {
		t.Fatalf("a step that the policy allows: %v", err)
	}
	web := &http.Client{Timeout: time.Second}
	ready := func(ctx context.Context) error {
		_, err := testenv.Get(ctx, web, g.process.ReadyURL())
		return err
	}

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	g.eventually("the guard is not Ready", func(ctx context.Context) error { return must(ready(ctx) != nil, "it is") })
	elsewhere, err := server.Start(t.Context(), server.Elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if err := change(t.Context(), clientFor(t, elsewhere.Config), policy, func(p *v1alpha1.RolloutPolicy) { p.Spec.MaxStepPercent = new(int32(10)) }); err != nil {
		t.Fatal(err)
	}
	if err := ready(t.Context()); err == nil {
		t.Fatal("the guard is Ready without an API server")
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(t.Context(), server.Port); err != nil {
		t.Fatal(err)
	}
	if err := g.process.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.try(t.Context(), "hello-v1 65", "hello-v2 35"); err == nil || !strings.Contains(err.Error(), "One change may move 10 %") {
		t.Errorf("Ready without the policy as it is now: %v", err)
	}
	if err := g.try(t.Context(), "hello-v1 100"); err != nil {
		t.Errorf("a rollback afterwards: %v", err)
	}
}

// ownAPIServer connects to an API server of the test's own, and runs no guard yet.
func ownAPIServer(t *testing.T) (*guard, *testenv.APIServer) {
	t.Helper()
	g := connect(t)
	server, err := g.NewAPIServer(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	if g.Cluster, err = server.Start(t.Context(), server.Port); err != nil {
		t.Fatal(err)
	}
	g.admin = clientFor(t, g.Config)
	if err := server.CopyKnative(t.Context(), g.Cluster); err != nil {
		t.Fatal(err)
	}
	if err := g.EnsureNamespace(t.Context(), g.namespace); err != nil {
		t.Fatal(err)
	}
	if err := g.GuardCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g, server
}

// standing is a Service at 80/20 as Knative leaves it, where there is no Knative.
func (g *guard) standing() {
	g.t.Helper()
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(s, "v2", g.Image)
	split(s, "hello-v1 80", "hello-v2 20")
	g.create(s)
	for _, name := range []string{"v1", "v2"} {
		of := &servingv1.Service{}
		template(of, name, g.Image)
		r := &servingv1.Revision{ObjectMeta: g.meta("hello-" + name), Spec: of.Spec.Template.Spec}
		r.Labels = map[string]string{serving.ServiceLabelKey: "hello", serving.ServiceUIDLabelKey: string(s.UID)}
		r.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, servingv1.SchemeGroupVersion.WithKind("Service"))}
		g.create(r)
		r.Status.MarkActiveTrue()
		r.Status.MarkContainerHealthyTrue()
		r.Status.MarkResourcesAvailableTrue()
		g.status(r)
	}
	s.Status.ObservedGeneration, s.Status.LatestCreatedRevisionName, s.Status.LatestReadyRevisionName = s.Generation, "hello-v2", "hello-v2"
	s.Status.MarkConfigurationNotOwned("hello") // any condition says that Knative has seen the template
	s.Status.Traffic = targets("hello-v1 80", "hello-v2 20")
	g.status(s)
}

func (g *guard) status(o client.Object) {
	g.t.Helper()
	if err := g.admin.Status().Update(g.t.Context(), o); err != nil {
		g.t.Fatalf("the status of %T %s: %v", o, o.GetName(), err)
	}
}
