package main

import (
	"context"
	"strings"
	"testing"
	"time"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccScalingFaults: whatever goes wrong at the edge of a window, the floor is what it is to be soon after.
func TestAccScalingFaults(t *testing.T) {
	g := connect(t)
	proxy, err := testenv.NewProxy(g.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Cut)
	g.process = g.NewGuard(g.namespace, t.TempDir())
	g.process.Server = proxy.URL
	g.run(g.process)
	s := g.atRest(nil)
	policy := g.scalingPolicy("day", v1alpha1.TargetService, "hello", func(*v1alpha1.ScalingPolicySpec) {})
	g.create(policy)

	t.Log("the guard restarts over the edge")
	edge := g.next(policy, 2)
	g.kill()
	time.Sleep(time.Until(edge.Add(time.Second)))
	g.now("without a guard", g.minOf("hello-v1", "1", false))
	g.again()
	g.eventually("the floor", g.minOf("hello-v1", "2", true))

	t.Log("the API server is away over the edge")
	edge = g.next(policy, 3)
	g.now("before the edge", g.minOf("hello-v1", "1", false))
	proxy.Cut()
	time.Sleep(time.Until(edge.Add(15 * time.Second)))
	back := time.Now()
	if err := proxy.Restore(); err != nil {
		t.Fatal(err)
	}
	g.eventually("the floor", g.minOf("hello-v1", "3", true))
	t.Logf("%s after the API server was back", time.Since(back).Round(100*time.Millisecond))

	t.Log("a Revision that carried the floor is deleted")
	if err := change(t.Context(), g.admin, s, func(s *servingv1.Service) { template(s, "v2", g.Image) }); err != nil {
		t.Fatal(err)
	}
	g.serves("hello-v2 100")
	g.eventually("the new one has it", g.minOf("hello-v2", "3", true))
	g.eventually("the old one is given back its own", g.minOf("hello-v1", "1", false))
	g.kill() // it would not let the rollback target be deleted
	if err := g.admin.Delete(t.Context(), &servingv1.Revision{ObjectMeta: g.meta("hello-v1")}); err != nil {
		t.Fatal(err)
	}
	g.again()
	g.eventually("the policy goes on", g.says("day", "CarriedOut 3 schedule/test"))

	t.Log("the policy goes while no guard runs")
	g.kill()
	if err := g.admin.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	g.now("without a guard", g.minOf("hello-v2", "3", true))
	g.again()
	g.eventually("the user's own", g.minOf("hello-v2", "1", false))
}

// kill ends the guard as kill -9 does.
func (g *guard) kill() {
	g.t.Helper()
	if err := g.process.Kill(); err != nil {
		g.t.Fatal(err)
	}
}

// again starts it anew. That it is Ready is not waited for: the floor is.
func (g *guard) again() {
	g.t.Helper()
	if err := g.process.Run(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// next has a window of an hour begin in a few seconds, waits for the guard to know, and gives the edge.
func (g *guard) next(policy *v1alpha1.ScalingPolicy, replicas int32) time.Time {
	g.t.Helper()
	edge := time.Now().Add(8 * time.Second).Truncate(time.Second)
	if err := change(g.t.Context(), g.admin, policy, func(p *v1alpha1.ScalingPolicy) {
		p.Spec.Schedules = []v1alpha1.ScalingSchedule{window(edge, edge.Add(time.Hour), replicas)}
	}); err != nil {
		g.t.Fatal(err)
	}
	g.eventually("the guard knows", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(policy), policy)
		return must(err == nil && policy.Status.ObservedGeneration == policy.Generation, "%v", err)
	})
	return edge
}

// now holds a check to be true at once.
func (g *guard) now(what string, check func(context.Context) error) {
	g.t.Helper()
	if err := check(g.t.Context()); err != nil {
		g.t.Fatalf("%s: %v", what, err)
	}
}

// TestAccScalingLeader kills the replica that runs the controllers right before the edge of a window: another one writes the floor, as
// soon as the dead one's lease has run out.
func TestAccScalingLeader(t *testing.T) {
	g := connect(t)
	g.start("-leader-election=true")
	g.atRest(nil)
	second := g.process.Beside(t.TempDir())
	second.Args = []string{"-leader-election=true"}
	g.run(second)
	edge := time.Now().Add(8 * time.Second).Truncate(time.Second)
	g.create(g.scalingPolicy("day", v1alpha1.TargetService, "hello", func(s *v1alpha1.ScalingPolicySpec) {
		s.Schedules = []v1alpha1.ScalingSchedule{window(edge, edge.Add(time.Hour), 2)}
	}))
	g.eventually("the leader knows", g.says("day", "CarriedOut 1 target"))
	time.Sleep(time.Until(edge.Add(-500 * time.Millisecond)))
	if leads(second) {
		t.Fatal("the second leads, though the first was there before it")
	}
	g.kill()
	g.eventually("the floor", g.minOf("hello-v1", "2", true))
	if !leads(second) {
		t.Error("the second does not lead")
	}
	t.Logf("%s after the edge", g.written("hello-v1").Sub(edge))
}

// leads says that a replica is the leader: it says so in its log.
func leads(process *testenv.Guard) bool {
	return strings.Contains(process.Log(), "uccessfully acquired lease")
}
