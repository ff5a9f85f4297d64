package clb_test

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

// secure gives the load balancer an HTTPS listener, with Terraform's certificate.
func (b *bed) secure() {
	b.T.Helper()
	b.CLBListener(b.w.LoadBalancerID, 443, b.CLBCertificate("default.example.com"))
	b.w.Listeners = append(b.w.Listeners, slb.Listener{Port: 443, Protocol: "HTTPS"})
}

// both puts a rule for a host on both listeners, with the Secret of the certificate that it needs.
func (b *bed) both(host, secret string) {
	r := b.rule(host, "v1", 100)
	r.Ports, r.Certificate = []int{80, 443}, secret
}

// https is both, with the certificate.
func (b *bed) https(host string, c slb.Certificate) {
	b.both(host, c.Key)
	b.w.Certificates = append(b.w.Certificates, c)
}

// Certificates of Secrets come to domain extensions, are renewed and go, beside those of others. Hosts that one certificate is for as
// *.example.com share an extension.
func TestCertificates(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	b.secure()
	theirs := b.CLBCertificate("theirs.example.org")
	if err := b.Client.Call(t.Context(), cloud.CLB, "CreateDomainExtension", map[string]string{
		"LoadBalancerId": b.w.LoadBalancerID, "ListenerPort": "443", "Domain": "theirs.example.org", "ServerCertificateId": theirs,
	}, nil); err != nil {
		t.Fatal(err)
	}
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.net", slbtest.SecretCertificate(t, "a", "a.example.net"))
	b.https("b.example.com", slbtest.SecretCertificate(t, "all", "*.example.com"))
	b.both("c.example.com", "shop/all")
	r := b.settle()
	if r.Ready() != 3 || len(r.LeftOut) > 0 || len(r.Certificates) != 2 || r.Certificates[0].Secret == "" {
		t.Fatalf("got %+v", r)
	}
	for host, name := range map[string]string{
		"a.example.net": "a.example.net", "b.example.com": "*.example.com", "c.example.com": "*.example.com",
		"theirs.example.org": "theirs.example.org", "other.example.org": "default.example.com",
	} {
		b.ServesFor(b.w.LoadBalancerID, host, name)
	}

	before := b.Serves(b.w.LoadBalancerID, "a.example.net")
	b.w.Certificates[0] = slbtest.SecretCertificate(t, "a", "a.example.net") // renewed
	if r = b.settle(); r.Ready() != 3 || len(r.Certificates) != 2 {
		t.Fatalf("got %+v", r)
	}
	if b.Serves(b.w.LoadBalancerID, "a.example.net").Equal(before) {
		t.Error("clients get the certificate from before it was renewed")
	}
	b.w.Certified = true
	b.Clear(b.Deployer, b.w)
	var left []string
	for _, r := range b.Resources() {
		if r.Kind == "certificate" {
			left = append(left, r.Detail)
		}
	}
	if fmt.Sprint(left) != "[default.example.com theirs.example.org]" {
		t.Errorf("there are certificates left: %v", left)
	}
	b.ServesFor(b.w.LoadBalancerID, "theirs.example.org", "theirs.example.org")
}

// What does not fit leaves its host out, with the reason; the others are served.
func TestCertificatesRefused(t *testing.T) {
	quotas := slbsim.DefaultCLB
	quotas.Extensions = 2
	b := newBed(t, slbsim.Options{CLB: &quotas})
	b.secure()
	if err := b.Client.Call(t.Context(), cloud.CLB, "CreateDomainExtension", map[string]string{
		"LoadBalancerId": b.w.LoadBalancerID, "ListenerPort": "443", "Domain": "taken.example.com", "ServerCertificateId": b.CLBCertificate("taken.example.com"),
	}, nil); err != nil {
		t.Fatal(err)
	}
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.com", slbtest.SecretCertificate(t, "a", "a.example.com"))
	b.https("b.example.com", slbtest.SecretCertificate(t, "b", "b.example.com"))
	b.https("broken.example.com", slb.Certificate{Key: "shop/broken", Names: []string{"broken.example.com"}, Chain: "none", PrivateKey: "none"})
	b.https("taken.example.com", slbtest.SecretCertificate(t, "taken", "taken.example.com"))
	var r slb.Result
	for end := time.Now().Add(10 * time.Second); r.Ready() != 1 || len(r.LeftOut) < 3; time.Sleep(20 * time.Millisecond) {
		var err error
		if r, err = b.Deploy(t.Context(), b.w); err != nil || time.Now().After(end) {
			t.Fatalf("got %v, and %+v", err, r)
		}
	}
	slbtest.LeftOut(t, r, map[string][]string{
		"b.example.com": {"slb_quota_domain_extensions_num"}, "broken.example.com": {"SLB refuses it", "CertificateAndPrivateKeyIsRefuse"},
		"taken.example.com": {"which is not of this SLBIngress"},
	})
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
	b.Faults.Set(wire.Fault{Action: "DescribeServerCertificates", Effect: wire.Effect{Error: &wire.Error{Status: 403, Code: "Forbidden.RAM", Message: "not authorized"}}})
	r, err := b.Deploy(t.Context(), b.w)
	if cloud.KindOf(err) != cloud.Forbidden || !strings.Contains(fmt.Sprint(err), "slb:DescribeServerCertificates") || r.Ready() != 1 {
		t.Fatalf("got %v, and %+v", err, r)
	}
	b.Faults.Set()
	if r = b.settle(); r.Ready() != 2 {
		t.Fatalf("got %+v", r)
	}
}

// A certificate for two hosts has an extension for each: where one does not fit, the other host is served all the same.
func TestCertificateOfTwoHosts(t *testing.T) {
	quotas := slbsim.DefaultCLB
	quotas.Extensions = 1
	b := newBed(t, slbsim.Options{CLB: &quotas})
	b.secure()
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.https("a.example.com", slbtest.SecretCertificate(t, "two", "a.example.com", "b.example.com"))
	b.both("b.example.com", "shop/two")
	var r slb.Result
	for range 3 {
		var err error
		if r, err = b.Deploy(t.Context(), b.w); err != nil {
			t.Fatal(err)
		}
	}
	if r.Ready() != 1 || len(r.LeftOut) != 1 {
		t.Fatalf("got %+v", r)
	}
	slbtest.LeftOut(t, r, map[string][]string{"b.example.com": {"slb_quota_domain_extensions_num"}})
	b.ServesFor(b.w.LoadBalancerID, "a.example.com", "a.example.com")
}
