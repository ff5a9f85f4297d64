package alb_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// An HTTPS listener forwards HTTP and gRPC, and a host is there on both ports, or is redirected on one.
func TestHTTPSAndGRPC(t *testing.T) {
	b := newBed(t, slbsim.Options{})
	certificate := b.Certificate("*.example.com")
	b.w.Listeners = append(b.w.Listeners, slb.Listener{ID: b.ALBListener(b.w.LoadBalancerID, 443, certificate), Port: 443, Protocol: "HTTPS"})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	host, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	b.w.Groups = []slb.Group{{Key: "grpc", Protocol: slb.GRPC, Servers: []slb.Server{{IP: host, Port: n}}}}
	b.group("v1", slbtest.Pods(t, "v1", 1)...)
	b.rule("grpc.example.com", "grpc", 100).Ports = []int{443}
	b.rule("both.example.com", "v1", 100).Ports = []int{80, 443}
	b.rule("secure.example.com", "v1", 100).Ports = []int{443}
	redirect := b.rule("redirect", "v1", 100)
	redirect.Host, redirect.Redirect = "secure.example.com", true
	if r := b.settle(); r.Ready() != 4 || len(r.LeftOut) > 0 || r.RuleCount != 5 {
		t.Fatalf("got %+v", r)
	}

	secure := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, host := range []string{"both.example.com", "secure.example.com"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+b.Endpoint(b.w.LoadBalancerID, 443), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := secure.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get("Revision") != "v1" {
			t.Fatalf("%s by HTTPS: %v", host, resp.Status)
		}
	}
	b.counts("both.example.com", map[string]int{"v1": 100})
	if a, err := b.Get(t.Context(), b.w.LoadBalancerID, 80, "secure.example.com", "/"); err != nil || a.Status != 301 || !contains(a.Body, "https://secure.example.com/") {
		t.Fatalf("got %+v, %v", a, err)
	}

	conn, err := grpc.NewClient(b.Endpoint(b.w.LoadBalancerID, 443), grpc.WithAuthority("grpc.example.com"),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("by gRPC: %v, %v", answer, err)
	}
}
