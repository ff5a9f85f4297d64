package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccFaultKilled kills the guard with -9 again and again under 200 changes a second, or as many as the machine takes: what must not
// get in does not, for the API server's own policies hold it, and a rollback always does.
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
	load := g.changes(32, "hello-v1 70", "hello-v2 30")
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

// TestAccFaultCertificate rotates the guard's certificates and their CA under load, where a change that the guard does not answer for
// is refused.
func TestAccFaultCertificate(t *testing.T) {
	g := connect(t)
	g.process = g.NewGuard(g.namespace, t.TempDir())
	g.process.FailurePolicy = string(admissionregistrationv1.Fail)
	// A certificate is made anew when less than 24 of its 30 seconds are left, and the CA goes over when less than 48 of its 60 are.
	g.process.Args = []string{"-certificate-validity", "30s", "-certificate-renewal", "24s", "-certificate-check", "1s", "-ca-validity", "60s"}
	g.run(g.process)
	g.halfway()
	load := g.changes(4, "hello-v1 70", "hello-v2 30")
	certificates, authorities := map[string]bool{}, map[string]bool{}
	g.eventually("three CAs have signed what is served", func(context.Context) error {
		chain, err := g.handshake()
		if err != nil {
			t.Fatalf("after %d certificates of %d CAs: %v", len(certificates), len(authorities), err)
		}
		certificates[string(chain[0].Raw)], authorities[string(chain[len(chain)-1].Raw)] = true, true
		return must(len(authorities) >= 3, "%d have", len(authorities))
	})
	load.stop()
	t.Logf("%d certificates of %d CAs were served", len(certificates), len(authorities))
	if len(certificates) <= len(authorities) {
		t.Errorf("no certificate was made anew by the CA it had: %d certificates of %d CAs", len(certificates), len(authorities))
	}
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

// handshake connects to the guard as the API server would, and gives its certificate and those up to the CA that is trusted.
func (g *guard) handshake() ([]*x509.Certificate, error) {
	var hook admissionregistrationv1.ValidatingWebhookConfiguration
	if err := g.admin.Get(g.t.Context(), client.ObjectKey{Name: g.namespace}, &hook); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(hook.Webhooks[0].ClientConfig.CABundle) {
		return nil, errors.New("the webhook configuration has no CA")
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "knative-guard." + g.namespace + ".svc", MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(g.t.Context(), "tcp", g.process.Address())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().VerifiedChains[0], nil
}
