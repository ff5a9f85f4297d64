package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// The provider is killed at each change that an apply or a destroy makes in the cloud, when it is carried out and not yet answered.
// Whatever state and cloud hold then, the next run converges, with one load balancer and one of each listener. A kill between two
// changes leaves no other cloud behind than these; package balancer's own test kills at every call, before and after.
func TestAccSLBIngressKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name, made string
		want       map[string]int
	}{
		{"ALB", newALB, map[string]int{"alb": 1, "alb listener": 1, "alb server group": 1}},
		{"CLB", newCLB, map[string]int{"clb": 1, "clb listener": 1, "clb server group": 1}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			begin := func(t *testing.T) (*slbBed, *cloudProxy, *testenv.CLI) {
				t.Helper()
				b := newSLBBed(t, slbsim.Options{Jobs: -1})
				p := newCloudProxy(t, b.Sim)
				return b, p, workspace(t, nil, slbProvider(p.URL), b.ingress(kind.made, listenerHCL(8080, "HTTP")))
			}
			_, whole, cli := begin(t)
			if out, ok := output(t, cli, applyNow...); !ok {
				t.Fatal(out)
			}
			made := whole.reset()
			if out, ok := output(t, cli, destroyNow...); !ok {
				t.Fatal(out)
			}
			gone := whole.reset()
			if made < 3 || gone < 3 {
				t.Fatalf("%d changes make it, %d take it away", made, gone)
			}
			for n := 1; n <= made; n++ {
				t.Run(fmt.Sprintf("create-%d", n), func(t *testing.T) {
					t.Parallel()
					b, p, cli := begin(t)
					p.killedAt(cli, n, applyNow...)
					converges(t, cli)
					if err := b.has(kind.want)(nil); err != nil {
						t.Error(err)
					}
				})
			}
			for n := 1; n <= gone; n++ {
				t.Run(fmt.Sprintf("destroy-%d", n), func(t *testing.T) {
					t.Parallel()
					b, p, cli := begin(t)
					if out, ok := output(t, cli, applyNow...); !ok {
						t.Fatal(out)
					}
					p.killedAt(cli, n, destroyNow...)
					if out, ok := output(t, cli, destroyNow...); !ok {
						t.Fatal(out)
					}
					if err := b.empty(nil); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// cloudProxy stands between a provider and the emulator, counts the changes, and kills the provider at one of them.
type cloudProxy struct {
	URL string

	t       *testing.T
	changes atomic.Int64
	killAt  atomic.Int64 // 0: never
	cli     atomic.Int64 // the process that runs the provider
	killed  atomic.Bool
}

func newCloudProxy(t *testing.T, sim http.Handler) *cloudProxy {
	t.Helper()
	p := &cloudProxy{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.URL.Query().Get("Action")
		if strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List") || strings.HasPrefix(action, "Describe") || p.changes.Add(1) != p.killAt.Load() {
			sim.ServeHTTP(w, r)
			return
		}
		sim.ServeHTTP(httptest.NewRecorder(), r)
		p.killed.Store(killProvider(t, int(p.cli.Load())))
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// reset counts from zero again, and gives the count.
func (p *cloudProxy) reset() int { return int(p.changes.Swap(0)) }

// killedAt runs a command and kills its provider at the n-th change.
func (p *cloudProxy) killedAt(cli *testenv.CLI, n int, args ...string) {
	p.t.Helper()
	p.reset()
	p.killAt.Store(int64(n))
	defer p.killAt.Store(0)
	cmd := cli.Command(context.Background(), args...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cli.Store(int64(cmd.Process.Pid))
	if err := cmd.Wait(); err == nil || !p.killed.Load() {
		p.t.Errorf("the provider was to be killed at change %d (killed: %t, %v)\n%s", n, p.killed.Load(), err, out.String())
	}
}
