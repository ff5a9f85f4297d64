package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/cert"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// TestBadReviews sends what the API server would not to the guard's own server, over HTTPS. It answers clearly, and answers the next
// review as ever.
func TestBadReviews(t *testing.T) {
	post := server(t)
	review := func(request string) string {
		return `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": ` + request + `}`
	}
	request := func(resource, rest string) string {
		return fmt.Sprintf(`{"uid": "1", "kind": {"kind": "X"}, "resource": {"group": "serving.knative.dev", "version": "v1", "resource": %q}, "namespace": "a", "name": "b", "userInfo": {"username": "ann"}, %s}`, resource, rest)
	}
	for _, tc := range []struct {
		what, body string
		says       string // of the answer; "" where it is to be allowed
	}{
		{"nothing", ``, "body"},
		{"no JSON", `{"apiVersion": `, "unexpected"},
		{"another kind", `{"apiVersion": "v1", "kind": "Pod"}`, "AdmissionReview"},
		{"an unknown version", `{"apiVersion": "admission.k8s.io/v9", "kind": "AdmissionReview", "request": {}}`, "v9"},
		{"7 MB", review(request("services", `"operation": "CREATE", "object": {"metadata": {"name": "`+strings.Repeat("x", 7<<20)+`"}}`)), "too large"},
		{"no request", `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}`, "has no request"},
		{"a Service without object", review(request("services", `"operation": "CREATE"`)), ""},
		{"a Service whose object is null", review(request("services", `"operation": "UPDATE", "object": null, "oldObject": null`)), ""},
		{"a deletion without an old object", review(request("revisions", `"operation": "DELETE"`)), "no object"},
		{"a deletion of a Service without an old object", review(request("services", `"operation": "DELETE"`)), "no object"},
		{"a Service that is a list", review(request("services", `"operation": "CREATE", "object": []`)), "cannot be read"},
		{"a split that is a text", review(request("services", `"operation": "CREATE", "object": {"spec": {"traffic": "all"}}`)), "cannot be read"},
		{"a split of nothing", review(request("services", `"operation": "CREATE", "object": {"spec": {"traffic": [{}]}}`)), "traffic-sum"},
		{"a policy without object", review(request("rolloutpolicies", `"operation": "CREATE"`)), "unexpected end"},
		{"a Route without an old object", review(request("routes", `"operation": "UPDATE", "object": {}`)), ""},
	} {
		for path, says := range map[string]string{admission.Path: tc.says, admission.InjectPath: ""} {
			if path == admission.InjectPath && !strings.HasPrefix(tc.body, `{"apiVersion": "admission.k8s.io/v1"`) {
				continue // it is the same code that reads these
			}
			if tc.what == "7 MB" {
				says = tc.says
			}
			got := post(path, tc.body)
			if says == "" && !got.Allowed || says != "" && (got.Allowed || got.Result == nil || !strings.Contains(got.Result.Message, says)) {
				t.Errorf("%s to %s: allowed %v, %+v, want %q", tc.what, path, got.Allowed, got.Result, says)
			}
		}
	}
	if got := post(admission.Path, review(request("services", `"operation": "CREATE", "object": {"metadata": {"name": "b"}, "spec": {"template": {}, "traffic": [{"latestRevision": true, "percent": 100}]}}`))); !got.Allowed || got.UID != "1" {
		t.Errorf("a good one after all: %+v", got)
	}
}

// server runs the guard's server over empty caches, and gives a function that sends a body to a path.
func server(t *testing.T) func(path, body string) *admissionv1.AdmissionResponse {
	t.Helper()
	dir := t.TempDir()
	public, private, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"tls.crt": public, "tls.key": private} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	cache := fake.NewClientBuilder().WithScheme(scheme).WithIndex(&servingv1.Revision{}, "service", func(client.Object) []string { return nil }).Build()
	s := newServer(port, dir)
	answer(s, &admission.Handler{Facts: facts.NewReader(cache), Now: time.Now, Log: func(admission.Entry) {}},
		&admission.Injection{Cache: cache, Events: events.NewFakeRecorder(100), Injector: func(context.Context) (*sidecar.Injector, error) { return nil, errors.New("no configuration") }})
	go func() {
		if err := s.Start(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(public)
	web := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	if err := testenv.Eventually(t.Context(), 10*time.Second, func(context.Context) error { return s.StartedChecker()(nil) }); err != nil {
		t.Fatal(err)
	}
	return func(path, body string) *admissionv1.AdmissionResponse {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("https://localhost:%d%s", port, path), bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := web.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		var review admissionv1.AdmissionReview
		if err := json.Unmarshal(raw, &review); err != nil || review.Response == nil {
			t.Fatalf("%s: %s %v %s", path, resp.Status, err, raw)
		}
		return review.Response
	}
}
