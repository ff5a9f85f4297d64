package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
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
	g.Cluster.Config = &rest.Config{Host: proxy.URL, QPS: -1} // for the guard; the test has its own
	g.start()
	s := g.atRest(nil)
	policy := g.scalingPolicy("day", v1alpha1.TargetService, "hello", func(*v1alpha1.ScalingPolicySpec) {})
	g.create(policy)

	t.Log("the guard restarts over the edge")
	edge := g.next(policy, 2)
	g.stop()
	time.Sleep(time.Until(edge.Add(time.Second)))
	g.now("without a guard", g.minOf("hello-v1", "1", false))
	g.launch(settings{})
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
	g.stop() // it would not let the rollback target be deleted
	if err := g.admin.Delete(t.Context(), &servingv1.Revision{ObjectMeta: g.meta("hello-v1")}); err != nil {
		t.Fatal(err)
	}
	g.launch(settings{})
	g.eventually("the policy goes on", g.says("day", "CarriedOut 3 schedule/test"))

	t.Log("the policy goes while no guard runs")
	g.stop()
	if err := g.admin.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	g.now("without a guard", g.minOf("hello-v2", "3", true))
	g.launch(settings{})
	g.eventually("the user's own", g.minOf("hello-v2", "1", false))
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
	g := newGuard(t) // for admission; it ends before the two begin
	g.atRest(nil)
	g.stop()
	replicas := []*replica{g.replica(), g.replica()}
	leader := func() string {
		t.Helper()
		lease, holder := &coordinationv1.Lease{ObjectMeta: g.meta("knative-guard")}, ""
		g.eventually("a leader", func(ctx context.Context) error {
			err := g.admin.Get(ctx, client.ObjectKeyFromObject(lease), lease)
			if err != nil || lease.Spec.HolderIdentity == nil {
				return fmt.Errorf("no holder yet: %w", err)
			}
			holder = *lease.Spec.HolderIdentity
			return nil
		})
		return holder
	}
	first := leader()
	edge := time.Now().Add(8 * time.Second).Truncate(time.Second)
	g.create(g.scalingPolicy("day", v1alpha1.TargetService, "hello", func(s *v1alpha1.ScalingPolicySpec) {
		s.Schedules = []v1alpha1.ScalingSchedule{window(edge, edge.Add(time.Hour), 2)}
	}))
	g.eventually("the leader knows", g.says("day", "CarriedOut 1 target"))
	time.Sleep(time.Until(edge.Add(-500 * time.Millisecond)))
	killed := 0
	for _, r := range replicas {
		if strings.Contains(r.said(), "uccessfully acquired lease") {
			killed++
			if err := errors.Join(r.Process.Kill(), ignoreExit(r.Wait())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if killed != 1 {
		t.Fatalf("%d of the two hold the lease; the holder is %s", killed, first)
	}
	g.eventually("the floor", g.minOf("hello-v1", "2", true))
	if now := leader(); now == first {
		t.Errorf("the leader is %s still", now)
	}
	t.Logf("%s after the edge", g.written("hello-v1").Sub(edge))
}

// processEnv has this test's program be a guard: the settings are in it.
const processEnv = "GUARD_PROCESS"

// process is what a replica is told.
type process struct {
	Kubeconfig, Namespace, Certificates string
	Port                                int
}

// TestMain lets the program of the tests be a guard that can be killed.
func TestMain(m *testing.M) {
	text := os.Getenv(processEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	if err := runProcess(text); err != nil {
		fmt.Fprintln(os.Stderr, "the guard:", err)
		os.Exit(1)
	}
}

func runProcess(text string) error {
	var p process
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	logging()
	cfg, err := clientcmd.BuildConfigFromFlags("", p.Kubeconfig)
	if err != nil {
		return err
	}
	cfg.QPS = -1
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + p.Namespace + ":knative-guard",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + p.Namespace, "system:authenticated"},
	}
	return run(ctrl.SetupSignalHandler(), cfg, settings{
		namespace: p.Namespace, only: p.Namespace, knative: knativeNamespace, port: p.Port, metrics: "0", health: "0", gracefulShutdown: 5 * time.Second, election: true,
		certificates: certificates{ // nobody mounts them: it is not asked
			dir: p.Certificates, secret: "knative-guard-tls", service: "knative-guard", webhook: p.Namespace, rotate: true,
			validity: 24 * time.Hour, ahead: time.Hour, check: time.Hour,
		},
	})
}

// replica is a guard as a process of its own, which takes part in the election of a leader.
type replica struct {
	*exec.Cmd

	log string
}

func (g *guard) replica() *replica {
	g.t.Helper()
	work := g.t.TempDir()
	text, err := json.Marshal(process{g.Kubeconfig, g.namespace, work, freePort(g.t)})
	if err != nil {
		g.t.Fatal(err)
	}
	r := &replica{exec.Command(os.Args[0]), filepath.Join(work, "log")} //nolint:noctx // it is killed, by the test or at its end
	log, err := os.Create(r.log)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Env = append(os.Environ(), processEnv+"="+string(text))
	r.Stdout, r.Stderr = log, log
	if err := errors.Join(r.Start(), log.Close()); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		if r.ProcessState == nil {
			_ = errors.Join(r.Process.Kill(), r.Wait())
		}
		if g.t.Failed() {
			g.t.Log(r.said())
		}
	})
	return r
}

func (r *replica) said() string {
	text, _ := os.ReadFile(r.log)
	return string(text)
}

// ignoreExit is for a process that was killed.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

func containsAll(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
