package provider

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// The provider is killed when the API server has the split, and before it could say so, and once more while the next apply waits: each
// time the refresh finds that nobody waited for it to the end, and the last apply does.
func TestAccTrafficSplitKilled(t *testing.T) {
	c, ns := acceptOnBed(t)
	proxy, _ := proxied(t, c)
	split := func(revision string) splitConfig {
		return splitConfig{Namespace: ns, Service: "hello", Targets: []string{pin(revision, 100)}}
	}
	v1 := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image}
	slow := serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image, Env: map[string]string{"STARTUP_DELAY": "40s"}, More: "wait_for_ready = false"}
	cli := workspace(t, map[string]string{"KUBE_HOST": proxy.URL}, v1, split("hello-v1"))
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Fatal(out)
	}
	rewrite(t, cli, slow, split("hello-v2"))
	for _, now := range []func(*http.Request) bool{
		func(r *http.Request) bool {
			q := r.URL.Query()
			return r.Method == http.MethodPatch && q.Get("fieldManager") == splitManager && q.Get("dryRun") == ""
		},
		func(r *http.Request) bool { return watches(r, "services") },
	} {
		cmd := cli.Command(t.Context(), applyNow...)
		var once sync.Once
		var killed atomic.Bool
		proxy.After(func(_ int, r *http.Request) {
			if now(r) {
				once.Do(func() { killed.Store(killProvider(t, cmd.Process.Pid)) })
			}
		})
		out, err := cmd.CombinedOutput()
		proxy.Reset()
		if !killed.Load() || err == nil {
			t.Fatalf("the provider was to be killed (killed: %t, apply: %v)\n%s", killed.Load(), err, out)
		}
		plan, ok := output(t, cli, "plan", "-detailed-exitcode", "-no-color", "-input=false")
		if kube.Routed(live(t, c, kube.Service, ns, "hello")) {
			t.Fatal("the split is routed before the next apply, which has nothing to wait for: a longer STARTUP_DELAY is needed")
		}
		if ok || !says(helloSplit+" will be updated in-place").MatchString(plan) {
			t.Errorf("the split is not found unfinished:\n%s", plan)
		}
	}
	if out, ok := output(t, cli, applyNow...); !ok {
		t.Errorf("the next apply fails:\n%s", out)
	}
	now := live(t, c, kube.Service, ns, "hello")
	if s, err := kube.Observed(now); err != nil || !kube.Routed(now) || len(s.Status.Traffic) != 1 || s.Status.Traffic[0].RevisionName != "hello-v2" {
		t.Errorf("the next apply did not wait for the split: %v %v", now.Object["status"], err)
	}
	converges(t, cli)
}
