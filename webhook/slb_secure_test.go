package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccSLBSecure is a Service behind an ALB with a listener of HTTPS: it answers there with the listener's certificate and by HTTP
// likewise, until it is to be redirected: then HTTP leads to HTTPS.
func TestAccSLBSecure(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	names := "*." + b.namespace + ".example.com"
	certificate := b.cloud.Certificate(names)
	l := b.alb("alb", func(s *v1alpha1.SLBIngressSpec) {
		s.Listeners = append(s.Listeners, v1alpha1.SLBListener{ID: b.cloud.ALBListener(s.LoadBalancerID, 443, certificate), Port: 443, Protocol: "HTTPS"})
	})
	s := b.serviceOf("hello")
	b.ready(s)
	host := s.Status.URL.Host
	secure := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // it is signed by nobody: which one it is, is what counts
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", b.cloud.Endpoint(l.id, 443))
		},
	}
	t.Cleanup(secure.CloseIdleConnections)
	served := func() {
		t.Helper()
		resp := ask(t, secure, "https://"+host)
		if got := resp.TLS.PeerCertificates[0].DNSNames; resp.StatusCode != http.StatusOK || len(got) != 1 || got[0] != names {
			t.Errorf("by HTTPS: %s with the certificate of %v, want that of %s", resp.Status, got, names)
		}
	}
	served()
	near(t, l.count(host, 20), 0, map[string]float64{"v1": 100})

	if err := change(t.Context(), b.admin, s, func(s *servingv1.Service) { s.Annotations["networking.knative.dev/http-protocol"] = "Redirected" }); err != nil {
		t.Fatal(err)
	}
	b.eventually("HTTP leads to HTTPS", func(context.Context) error { // an annotation is no new generation: Ready does not tell
		resp := ask(t, l.http.Transport, "http://"+host+"/path")
		to := resp.Header.Get("Location")
		return must(resp.StatusCode == http.StatusMovedPermanently && to == "https://"+host+"/path", "%s to %q", resp.Status, to)
	})
	served()
}

// ask asks once, and follows no redirect.
func ask(t *testing.T, by http.RoundTripper, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := by.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}
