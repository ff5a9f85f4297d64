package alb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// secure gives the load balancer an HTTPS listener, with Terraform's certificates.
func (b *bed) secure() {
	b.T.Helper()
	b.w.Listeners = append(b.w.Listeners, slb.Listener{
		ID: b.ALBListener(b.w.LoadBalancerID, 443, b.Certificate("default.example.com")), Port: 443, Protocol: "HTTPS",
	})
}

// https puts a rule for a host on both listeners, with the certificate that it needs.
func (b *bed) https(host string, c slb.Certificate) {
	r := b.rule(host, "v1", 100)
	r.Ports, r.Certificate = []int{80, 443}, c.Key
	b.w.Certificates = append(b.w.Certificates, c)
}

// names are those of all certificates.
func (b *bed) names() []string {
	var all []string
	for _, r := range b.Resources() {
		if r.Kind == "certificate" {
			all = append(all, r.Detail)
		}
	}
	return all
}

// Certificates of Secrets come to the listener, are renewed and go, beside those of Terraform and of others.
func TestCertificates(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.secure()
	listener := b.w.Listeners[1].ID
	theirs := b.Certificate("theirs.example.com")
	if err := b.Client.Call(t.Context(), cloud.ALB, "AssociateAdditionalCertificatesWithListener", map[string]string{
		"ListenerId": listener, "Certificates.1.CertificateId": theirs,
	}, nil); err != nil {
		t.Fatal(err)
	}
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.com", slbtest.SecretCertificate(t, "a", "a.example.com"))
	b.https("b.example.com", slbtest.SecretCertificate(t, "b", "*.example.com"))
	r := b.settle()
	if r.Ready() != 2 || len(r.LeftOut) > 0 || len(r.Certificates) != 2 || r.Certificates[0].Secret == "" {
		t.Fatalf("got %+v", r)
	}
	b.ServesFor(b.w.LoadBalancerID, "a.example.com", "a.example.com")
	b.ServesFor(b.w.LoadBalancerID, "b.example.com", "*.example.com")
	b.ServesFor(b.w.LoadBalancerID, "theirs.example.com", "theirs.example.com")

	before := b.Serves(b.w.LoadBalancerID, "a.example.com")
	b.w.Certificates[0] = slbtest.SecretCertificate(t, "a", "a.example.com") // renewed
	if r = b.settle(); r.Ready() != 2 || len(r.Certificates) != 2 {
		t.Fatalf("got %+v", r)
	}
	if b.Serves(b.w.LoadBalancerID, "a.example.com").Equal(before) {
		t.Error("clients get the certificate from before it was renewed")
	}

	b.Record.Reset()
	if b.once(); len(b.Record.Entries()) > 0 {
		t.Errorf("with nothing to do it calls: %v", b.Record.Entries())
	}
	b.w.Rules, b.w.Certificates = b.w.Rules[:1], b.w.Certificates[:1]
	b.settle()
	b.ServesFor(b.w.LoadBalancerID, "b.example.com", "default.example.com")
	b.w.Certified = true
	b.Clear(b.Deployer, b.w)
	b.ServesFor(b.w.LoadBalancerID, "theirs.example.com", "theirs.example.com")
	if left := fmt.Sprint(b.names()); left != "[default.example.com theirs.example.com]" {
		t.Errorf("there are certificates left: %s", left)
	}
}

// What does not fit on the listener leaves its host out, with the quota; the others are served. What the service does not take, too.
func TestCertificatesRefused(t *testing.T) {
	quotas := slbsim.DefaultALB
	quotas.Standard.Certificates = 1
	b := newBed(t, slbsim.Options{ALB: &quotas})
	b.secure()
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.com", slbtest.SecretCertificate(t, "a", "a.example.com"))
	b.https("b.example.com", slbtest.SecretCertificate(t, "b", "b.example.com"))
	b.https("broken.example.com", slb.Certificate{Key: "shop/broken", Ports: []int{443}, Chain: "none", PrivateKey: "none"})
	r := b.ready(1)
	for end := time.Now().Add(10 * time.Second); len(r.LeftOut) < 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r = b.once()
	}
	slbtest.LeftOut(t, r, map[string][]string{
		"b.example.com":      {"shop/b", "alb_quota_loadbalancer_certificates_num", "Quota Center"},
		"broken.example.com": {"CAS refuses it", "InvalidCertificate"},
	})
	if text := fmt.Sprintf("%+v %v %#v", b.w, b.w, b.w); strings.Contains(text, "PRIVATE KEY") {
		t.Error("a private key is printed")
	}
	b.ServesFor(b.w.LoadBalancerID, "a.example.com", "a.example.com")
	b.w.Rules, b.w.Certificates = b.w.Rules[1:2], b.w.Certificates[1:2] // there is room
	if r = b.settle(); r.Ready() != 1 {
		t.Fatalf("got %+v", r)
	}
	b.ServesFor(b.w.LoadBalancerID, "b.example.com", "b.example.com")
}

// A guard with no right to certificates serves all else, and says which right is missing.
func TestCertificatesForbidden(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.secure()
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.com", slbtest.SecretCertificate(t, "a", "a.example.com"))
	b.rule("plain.example.com", "v1", 100)
	b.Faults.Set(wire.Fault{Product: "cas", Effect: wire.Effect{Error: &wire.Error{Status: 403, Code: "NoPermission", Message: "not authorized"}}})
	var r slb.Result
	var err error
	for range 100 {
		if r, err = b.Deploy(t.Context(), b.w); r.Ready() == 1 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if cloud.KindOf(err) != cloud.Forbidden || !strings.Contains(fmt.Sprint(err), "yundun-cert:ListUserCertificateOrder") || r.Ready() != 1 {
		t.Fatalf("got %v, and %+v", err, r)
	}
	b.counts("plain.example.com", map[string]int{"v1": 100})
	b.counts("a.example.com", map[string]int{"v1": 100})
	b.Faults.Set()
	if r = b.settle(); r.Ready() != 2 {
		t.Fatalf("got %+v", r)
	}
}
