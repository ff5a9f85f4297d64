package provider

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// Ctrl-C in a wait: the state is saved, and the next apply waits again for the same object.
func TestAccInterruptedWait(t *testing.T) {
	c, ns := acceptOnBed(t)
	proxy, _ := proxied(t, c)
	cli := workspace(t, map[string]string{"KUBE_HOST": proxy.URL},
		serviceConfig{Namespace: ns, Name: "hello", Image: c.Image, Env: map[string]string{"STARTUP_DELAY": "8s"}})
	cmd := cli.Command(t.Context(), applyNow...)
	var once sync.Once
	proxy.After(func(_ int, r *http.Request) {
		if watches(r, "services") {
			once.Do(func() { _ = cmd.Process.Signal(os.Interrupt) })
		}
	})
	out, err := cmd.CombinedOutput()
	if err == nil || !says("What was sent stays sent, and the cluster goes on with it: apply again to wait again.").Match(out) {
		t.Errorf("interrupted, it says:\n%s", out)
	}
	if state, ok := output(t, cli, "state", "list"); !ok || strings.TrimSpace(state) != helloService {
		t.Errorf("the state has %q", state)
	}
	made := live(t, c, kube.Service, ns, "hello")
	converges(t, cli)
	now := live(t, c, kube.Service, ns, "hello")
	if now.GetUID() != made.GetUID() || now.GetGeneration() != 1 {
		t.Errorf("the Service was made anew: generation %d of %s, before %s", now.GetGeneration(), now.GetUID(), made.GetUID())
	}
	if ready := readyRevision(now); ready != "hello-00001" {
		t.Errorf("the next apply did not wait: %q is Ready", ready)
	}
}

// The provider is killed at each API call of an apply: before the API server gets it, and after it has answered. Whatever the
// cluster and the state hold then, the next apply converges: one Service, as wanted, in one generation a change.
func TestAccProviderKilled(t *testing.T) { //nolint:tparallel // acceptOnBed makes it so
	c, ns := acceptOnBed(t)
	for _, change := range []struct {
		name       string
		from, to   string // the values of TARGET; from none, it is a create
		generation int64
		answered   []bool
	}{
		{"create", "", "one", 1, []bool{false, true}},
		{"update", "one", "two", 2, []bool{true}}, // unanswered, its calls leave no more behind than those of a create
	} {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			begin := func(t *testing.T, name string) (*testenv.CLI, *testenv.Proxy) {
				t.Helper()
				proxy, _ := proxied(t, c)
				service := func(target string) serviceConfig {
					return serviceConfig{Namespace: ns, Name: name, Image: c.Image, Env: map[string]string{"TARGET": target}}
				}
				if change.from == "" {
					return workspace(t, map[string]string{"KUBE_HOST": proxy.URL}, service(change.to)), proxy
				}
				cli := workspace(t, map[string]string{"KUBE_HOST": proxy.URL}, service(change.from))
				if out, ok := output(t, cli, applyNow...); !ok {
					t.Fatal(out)
				}
				rewrite(t, cli, service(change.to))
				proxy.Reset()
				return cli, proxy
			}
			whole, proxy := begin(t, change.name+"-whole")
			if out, ok := output(t, whole, applyNow...); !ok {
				t.Fatal(out)
			}
			calls := proxy.Count()
			if calls < 5 {
				t.Fatalf("an apply made %d calls", calls)
			}
			for n := 1; n <= calls; n++ {
				for _, answered := range change.answered {
					name := fmt.Sprintf("%s-%d-%t", change.name, n, answered)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						cli, proxy := begin(t, name)
						killedAt(t, cli, proxy, n, answered)
						converges(t, cli)
						u := live(t, c, kube.Service, ns, name)
						if got := targetOf(t, u); u.GetGeneration() != change.generation || got != change.to || readyRevision(u) != fmt.Sprintf("%s-%05d", name, change.generation) {
							t.Errorf("generation %d of %q, %q is Ready; want generation %d of %q", u.GetGeneration(), got, readyRevision(u), change.generation, change.to)
						}
					})
				}
			}
		})
	}
}

// killedAt runs an apply and kills the provider at its n-th API call: unanswered, the call does not reach the API server.
func killedAt(t *testing.T, cli *testenv.CLI, proxy *testenv.Proxy, n int, answered bool) {
	t.Helper()
	cmd := cli.Command(t.Context(), applyNow...)
	var killed atomic.Bool
	kill := func(call int, _ *http.Request) {
		if call != n {
			return
		}
		killed.Store(killProvider(t, cmd.Process.Pid))
		if !answered {
			panic(http.ErrAbortHandler)
		}
	}
	if answered {
		proxy.After(kill)
	} else {
		proxy.Before(kill)
	}
	out, err := cmd.CombinedOutput()
	proxy.Reset()
	if !killed.Load() || err == nil {
		t.Errorf("the provider was to be killed at call %d (killed: %t, apply: %v)\n%s", n, killed.Load(), err, out)
	}
}

// killProvider kills the provider that a CLI runs, and returns when it is gone.
func killProvider(t *testing.T, cli int) bool {
	t.Helper()
	statuses, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		t.Error(err)
	}
	for _, file := range statuses {
		status, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", cli)) || !strings.HasPrefix(string(status), "Name:\tterraform-prov") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Error(err)
			return false
		}
		for alive(pid) {
			time.Sleep(time.Millisecond)
		}
		return true
	}
	return false
}

// alive says whether a process is there and not a corpse that its parent has yet to bury.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !strings.Contains(string(status), "\nState:\tZ")
}

// targetOf is the TARGET of a Service's template.
func targetOf(t *testing.T, u *unstructured.Unstructured) string {
	t.Helper()
	s, err := kube.AsService(u)
	if err != nil {
		t.Fatal(err)
	}
	return s.Spec.Template.Spec.Containers[0].Env[0].Value
}

func readyRevision(u *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(u.Object, "status", "latestReadyRevisionName")
	return name
}
