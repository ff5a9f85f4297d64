package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccFaultKilled kills the guard with -9 again and again under as many changes as the cluster takes: what must not get in does
// not, for the API server's own policies hold it, and a rollback always does.
func TestAccFaultKilled(t *testing.T) {
	g := newGuard(t)
	g.halfway()
	if err := g.process.Policies(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.eventually("the API server's policies hold", func(ctx context.Context) error {
		err := g.try(ctx, "hello-v2 100")
		return must(err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy"), "they do not refuse a jump yet: %v", err)
	})
	load := g.changes(8, "hello-v1 70", "hello-v2 30")
	for range 4 {
		time.Sleep(time.Second)
		if err := g.process.Kill(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := g.process.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := g.process.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	load.stop()
	g.refused(g.admin, "target-exists", "what only the guard knows, when it is there again", func(s *servingv1.Service) { split(s, "hello-v1 80", "hello-v9 20") })
}

// TestAccFaultCertificate rotates the guard's certificate under load, where a change that the guard does not answer for is refused.
func TestAccFaultCertificate(t *testing.T) {
	g := connect(t)
	g.process = g.NewGuard(g.namespace, t.TempDir())
	g.process.FailurePolicy = string(admissionregistrationv1.Fail)
	// Made anew when less than 24 of its 30 seconds are left.
	g.process.Args = []string{"-certificate-validity", "30s", "-certificate-renewal", "24s", "-certificate-check", "1s"}
	g.run(g.process)
	g.halfway()
	load := g.changes(4, "hello-v1 70", "hello-v2 30")
	seen := map[string]bool{}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		serial, err := g.handshake()
		if err != nil {
			t.Fatalf("after %d certificates: %v", len(seen), err)
		}
		seen[serial] = true
	}
	load.stop()
	if len(seen) < 3 {
		t.Errorf("%d certificates were served", len(seen))
	}
	t.Logf("%d certificates were served", len(seen))
}

// TestAccFaultAPIServer takes the API server away from the guard, changes a policy meanwhile, and gives it back: the guard is Ready
// again only when it knows the policy as it is now. The bed's API server is not restarted, for others use it.
func TestAccFaultAPIServer(t *testing.T) {
	g := connect(t)
	proxy, err := testenv.NewProxy(g.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Cut)
	g.process = g.NewGuard(g.namespace, t.TempDir())
	g.process.Server = proxy.URL
	g.run(g.process)
	g.halfway()
	web := &http.Client{Timeout: time.Second}
	ready := func(ctx context.Context) error {
		_, err := testenv.Get(ctx, web, g.process.ReadyURL())
		return err
	}

	proxy.Cut()
	g.eventually("the guard is not Ready", func(ctx context.Context) error { return must(ready(ctx) != nil, "it is") })
	policy := &v1alpha1.RolloutPolicy{ObjectMeta: g.meta("careful")}
	if err := change(t.Context(), g.admin, policy, func(p *v1alpha1.RolloutPolicy) { p.Spec.MaxStepPercent = new(int32(10)) }); err != nil {
		t.Fatal(err)
	}
	if err := ready(t.Context()); err == nil {
		t.Fatal("the guard is Ready without an API server")
	}
	if err := g.try(t.Context(), "hello-v1 100"); err != nil {
		t.Errorf("a rollback meanwhile: %v", err)
	}
	if err := proxy.Restore(); err != nil {
		t.Fatal(err)
	}
	if err := g.process.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.try(t.Context(), "hello-v1 65", "hello-v2 35"); err == nil || !strings.Contains(err.Error(), "One change may move 10 %") {
		t.Errorf("Ready without the policy as it is now: %v", err)
	}
}

// TestAccFaultTwo has two guards answer and keep the record at once, as while one version follows another, and takes the one that
// leads away: both say the same, and a step and its rollback are on record once.
func TestAccFaultTwo(t *testing.T) {
	g := connect(t)
	g.start("-leader-election=true")
	g.halfway()
	second := g.process.Beside(t.TempDir())
	second.Args = []string{"-leader-election=true"}
	g.run(second)
	if err := g.process.Policies(t.Context()); err != nil { // while the API server still sends every other change to the one that is gone
		t.Fatal(err)
	}
	load := g.changes(4, "hello-v1 80", "hello-v2 20")
	time.Sleep(2 * time.Second)
	g.allowed(g.admin, "a step", func(s *servingv1.Service) { split(s, "hello-v1 60", "hello-v2 40") })
	g.serves("hello-v1 60", "hello-v2 40")
	if err := g.process.Kill(); err != nil {
		t.Fatal(err)
	}
	g.allowed(g.admin, "a rollback", func(s *servingv1.Service) { split(s, "hello-v1 100") })
	load.stop()
	g.serves("hello-v1 100")
	g.record("each change once", func(r v1alpha1.RolloutRecordStatus) bool {
		var kinds []string
		for _, c := range r.History {
			kinds = append(kinds, c.Kind)
		}
		return strings.Join(kinds, " ") == "Rollback Forward Forward Other"
	})
}

// halfway is a Service at 80/20 under a policy that allows steps of 20.
func (g *guard) halfway() {
	g.t.Helper()
	policy := &v1alpha1.RolloutPolicy{ObjectMeta: g.meta("careful"), Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))}}
	g.create(policy)
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(s, "v1", g.Image)
	g.create(s)
	g.serves("hello-v1 100")
	g.allowed(g.admin, "a step", func(s *servingv1.Service) {
		template(s, "v2", g.Image)
		split(s, "hello-v1 80", "latest 20")
	})
	g.serves("hello-v1 80", "hello-v2 20")
	g.eventually("the policy lists what may be gone back to", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(policy), policy)
		return must(err == nil && len(policy.Status.RollbackTargets) > 0, "%v %+v", err, policy.Status)
	})
}

// try asks for a split of hello in a dry run, which goes the way of any change and changes nothing.
func (g *guard) try(ctx context.Context, written ...string) error {
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	if err := g.admin.Get(ctx, client.ObjectKeyFromObject(s), s); err != nil {
		return err
	}
	split(s, written...)
	return g.admin.Update(ctx, s, client.DryRunAll)
}

// changes are asked for until they are stopped.
type changes struct {
	t       *testing.T
	end     context.CancelFunc
	workers sync.WaitGroup
	start   time.Time
	// refused and allowed are as they should be; failed elsewhere is what neither the guard nor the API server's policies answered.
	refused, allowed, elsewhere atomic.Int64
	failure                     atomic.Value
}

// changes has so many workers ask for what must never get in, and for rollbacks and a step, which must. All are dry runs, which go the
// way of any change and leave the Service as it is.
func (g *guard) changes(workers int, step ...string) *changes {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	c := &changes{t: g.t, end: cancel, start: time.Now()}
	template := g.service()
	template.ResourceVersion = "" // whatever Knative writes meanwhile
	ask := func(written ...string) error {
		s := template.DeepCopy()
		split(s, written...)
		return g.admin.Patch(context.WithoutCancel(ctx), s, client.MergeFrom(template), client.DryRunAll)
	}
	for range workers {
		c.workers.Go(func() {
			for ctx.Err() == nil {
				c.count("a jump", true, ask("hello-v2 100"))
				c.count("a rollback", false, ask("hello-v1 100"))
				c.count("a jump in two targets", true, ask("hello-v1 20", "hello-v2 20", "hello-v2 60 x"))
				c.count("a step", false, ask(step...))
				c.count("a jump by name", true, ask("hello-v1 30", "latest 70"))
			}
		})
	}
	g.t.Cleanup(cancel)
	return c
}

// count holds an answer to what it should be.
func (c *changes) count(what string, refuse bool, err error) {
	switch {
	case err == nil && refuse:
		c.t.Errorf("%s got in", what)
	case err == nil:
		c.allowed.Add(1)
	case strings.Contains(err.Error(), "knative-guard: ") && refuse:
		c.refused.Add(1)
	case strings.Contains(err.Error(), "guard.knative-provider.dev") || strings.Contains(err.Error(), "knative-guard"):
		c.t.Errorf("%s: %v", what, err)
	default:
		c.elsewhere.Add(1)
		c.failure.Store(fmt.Sprintf("%s: %v", what, err))
	}
}

// stop ends the changes, and says how many there were. Knative's own webhook has a timeout of its own, which a busy machine may meet.
func (c *changes) stop() {
	c.t.Helper()
	c.end()
	c.workers.Wait()
	all := c.refused.Load() + c.allowed.Load() + c.elsewhere.Load()
	c.t.Logf("%.0f changes a second: %d refused, %d allowed, %d failed elsewhere %v", float64(all)/time.Since(c.start).Seconds(), c.refused.Load(), c.allowed.Load(), c.elsewhere.Load(), c.failure.Load())
	if c.refused.Load() == 0 || c.allowed.Load() == 0 || c.elsewhere.Load()*50 > all {
		c.t.Errorf("of %d changes %d were refused, %d allowed, and %d failed elsewhere: %v", all, c.refused.Load(), c.allowed.Load(), c.elsewhere.Load(), c.failure.Load())
	}
}

// handshake connects to the guard as the API server would, and gives the serial number of its certificate.
func (g *guard) handshake() (string, error) {
	var hook admissionregistrationv1.ValidatingWebhookConfiguration
	if err := g.admin.Get(g.t.Context(), client.ObjectKey{Name: g.namespace}, &hook); err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(hook.Webhooks[0].ClientConfig.CABundle) {
		return "", errors.New("the webhook configuration has no CA")
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "knative-guard." + g.namespace + ".svc", MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(g.t.Context(), "tcp", g.process.Address())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}
