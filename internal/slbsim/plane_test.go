package slbsim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
	"golang.org/x/net/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// certificateFor makes a certificate that signs itself.
func certificateFor(t *testing.T, names ...string) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, key, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ok(t, der, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, private, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// trusting speaks TLS with a server by a name, whatever its certificate, and HTTP/2 if both can.
func trusting(name string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: name}, ForceAttemptHTTP2: true,
	}}
}

// certify puts a new certificate in CAS.
func (b *bed) certify(names ...string) string {
	b.t.Helper()
	certPEM, keyPEM := certificateFor(b.t, names...)
	id, err := b.AddCertificate(names[0], certPEM, keyPEM)
	return ok(b.t, id, err)
}

func (b *bed) httpsListener(lb, group, certificate string) string {
	b.t.Helper()
	r := listenerRequest(lb, group, 443)
	r.ListenerProtocol, r.Http2Enabled = "HTTPS", requests.NewBoolean(true)
	r.Certificates = &[]alb.CreateListenerCertificates{{CertificateId: certificate}}
	answer, err := b.alb.CreateListener(r)
	return ok(b.t, answer, err).ListenerId
}

func TestTLS(t *testing.T) {
	b := newBed(t, Options{})
	first, second := b.certify("a.example.com"), b.certify("*.b.example.com")
	lb, group := b.balancer("Standard"), b.group("group", backend(t, "one"))
	listener := b.httpsListener(lb, group, first)
	r := alb.CreateAssociateAdditionalCertificatesWithListenerRequest()
	r.ListenerId = listener
	r.Certificates = &[]alb.AssociateAdditionalCertificatesWithListenerCertificates{{CertificateId: second}}
	_, err := b.alb.AssociateAdditionalCertificatesWithListener(r)
	ok(t, 0, err)
	for name, want := range map[string]string{"a.example.com": "a.example.com", "x.b.example.com": "*.b.example.com", "other.example.com": "a.example.com"} {
		resp, err := trusting(name).Get("https://" + b.Endpoint(lb, 443))
		ok(t, resp, err).Body.Close()
		if got := resp.TLS.PeerCertificates[0].Subject.CommonName; got != want || resp.ProtoMajor != 2 || resp.Header.Get("Backend") != "one" {
			t.Errorf("%s: certificate of %s, HTTP/%d, status %d", name, got, resp.ProtoMajor, resp.StatusCode)
		}
	}
	list := alb.CreateListListenerCertificatesRequest()
	list.ListenerId = listener
	answer, err := b.alb.ListListenerCertificates(list)
	if ok(t, answer, err); len(answer.Certificates) != 2 || !answer.Certificates[0].IsDefault {
		t.Fatalf("certificates: %+v", answer.Certificates)
	}
}

func TestGRPC(t *testing.T) {
	b := newBed(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, l, err)
	server := grpc.NewServer()
	service := health.NewServer()
	grpc_health_v1.RegisterHealthServer(server, service)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)

	certificate := b.certify("a.example.com")
	lb := b.balancer("Standard")
	group := b.groupOf("grpc", "gRPC", func(r *alb.CreateServerGroupRequest) {
		r.HealthCheckConfig.HealthCheckEnabled, r.HealthCheckConfig.HealthCheckProtocol = "true", "gRPC"
	}, l.Addr().String())
	listener := b.httpsListener(lb, group, certificate)
	b.healthy(listener)
	conn, err := grpc.NewClient(b.Endpoint(lb, 443), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))
	ok(t, conn, err)
	defer func() { _ = conn.Close() }()
	client := grpc_health_v1.NewHealthClient(conn)
	answer, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if ok(t, answer, err); answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("got %v", answer)
	}
	// A stream, on which the server speaks when it likes.
	stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	ok(t, stream, err)
	first, err := stream.Recv()
	ok(t, first, err)
	service.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	next, err := stream.Recv()
	if ok(t, next, err); next.Status != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Fatalf("got %v", next)
	}
}

// healthy waits until all servers behind a listener are.
func (b *bed) healthy(listener string) {
	b.t.Helper()
	soon(b.t, "all healthy", func() bool { return len(b.sick(listener)) == 0 })
}

// sick gives the status of each server behind a listener that is not healthy.
func (b *bed) sick(listener string) []string {
	b.t.Helper()
	r := alb.CreateGetListenerHealthStatusRequest()
	r.ListenerId, r.IncludeRule = listener, requests.NewBoolean(true)
	answer, err := b.alb.GetListenerHealthStatus(r)
	ok(b.t, answer, err)
	var all []string
	for _, l := range answer.ListenerHealthStatus {
		for _, g := range l.ServerGroupInfos {
			for _, s := range g.NonNormalServers {
				all = append(all, s.Status)
			}
		}
	}
	for _, r := range answer.RuleHealthStatus {
		for _, g := range r.ServerGroupInfos {
			for _, s := range g.NonNormalServers {
				all = append(all, s.Status)
			}
		}
	}
	return all
}

func TestUnencryptedHTTP2(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	b.listener(lb, b.group("group", backend(t, "one")), 80)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	resp, err := client.Get("http://" + b.Endpoint(lb, 80))
	ok(t, resp, err).Body.Close()
	if resp.ProtoMajor != 2 || resp.Header.Get("Backend") != "one" {
		t.Fatalf("HTTP/%d, status %d", resp.ProtoMajor, resp.StatusCode)
	}
}

func TestWebSocketAndDrain(t *testing.T) {
	for name, test := range map[string]struct {
		drain string
		lives bool
	}{"drains": {"900", true}, "cut at once": {"", false}} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, Options{Second: time.Second})
			echo := httptest.NewServer(websocket.Handler(func(c *websocket.Conn) { _, _ = io.Copy(c, c) }))
			defer echo.Close()
			lb := b.balancer("Standard")
			group := b.groupOf("group", "HTTP", func(r *alb.CreateServerGroupRequest) {
				if test.drain != "" {
					r.ConnectionDrainConfig.ConnectionDrainEnabled, r.ConnectionDrainConfig.ConnectionDrainTimeout = "true", test.drain
				}
			}, echo.Listener.Addr().String())
			b.listener(lb, group, 80)
			conn, err := websocket.Dial("ws://"+b.Endpoint(lb, 80)+"/", "", "http://a.example.com")
			ok(t, conn, err)
			defer func() { _ = conn.Close() }()
			say := func() bool {
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				var heard string
				return websocket.Message.Send(conn, "hello") == nil && websocket.Message.Receive(conn, &heard) == nil && heard == "hello"
			}
			if !say() {
				t.Fatal("no echo")
			}
			host, port, _ := net.SplitHostPort(echo.Listener.Addr().String())
			r := alb.CreateRemoveServersFromServerGroupRequest()
			r.ServerGroupId = group
			r.Servers = &[]alb.RemoveServersFromServerGroupServers{{ServerType: "Ip", ServerId: host, Port: port}}
			_, err = b.alb.RemoveServersFromServerGroup(r)
			ok(t, 0, err)
			if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 503 {
				t.Fatalf("a new request is answered %d", status)
			}
			if !test.lives { // a cut takes a moment, in which the last words may still come back
				soon(t, "the open connection is cut", func() bool { return !say() })
			} else if !say() {
				t.Fatal("the open connection is cut")
			}
		})
	}
}

// A server gets no requests before it is healthy, none when it is sick, and some again when it is well.
func TestHealth(t *testing.T) {
	b := newBed(t, Options{})
	well := make(chan bool, 1)
	well <- true
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		is := <-well
		well <- is
		w.Header().Set("Backend", "sick")
		if !is {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer sick.Close()
	lb := b.balancer("Standard")
	group := b.groupOf("group", "HTTP", func(r *alb.CreateServerGroupRequest) {
		r.HealthCheckConfig.HealthCheckEnabled, r.HealthCheckConfig.HealthCheckInterval = "true", "1"
		r.HealthCheckConfig.HealthCheckMethod, r.HealthCheckConfig.HealthCheckTimeout = "GET", "300"
	}, sick.Listener.Addr().String())
	listener := b.listener(lb, group, 80)
	b.healthy(listener)
	if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 200 {
		t.Fatalf("healthy, and answers %d", status)
	}
	<-well
	well <- false
	soon(t, "unhealthy", func() bool { got := b.sick(listener); return len(got) == 1 && got[0] == "Unhealthy" })
	if status, name, _ := b.get(lb, 80, "a.example.com", "/"); status != 502 || name != "" {
		t.Fatalf("unhealthy, and answers %d from %q", status, name)
	}
	<-well
	well <- true
	b.healthy(listener)
	if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 200 {
		t.Fatalf("well again, and answers %d", status)
	}
}

func TestTimeoutAndStop(t *testing.T) {
	b := newBed(t, Options{})
	hold := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer slow.Close()
	defer close(hold)
	lb := b.balancer("Standard")
	listener := b.listener(lb, b.group("group", slow.Listener.Addr().String()), 80)
	update := alb.CreateUpdateListenerAttributeRequest()
	update.ListenerId, update.RequestTimeout = listener, requests.NewInteger(1)
	_, err := b.alb.UpdateListenerAttribute(update)
	ok(t, 0, err)
	if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 504 {
		t.Fatalf("answered %d", status)
	}
	stop := alb.CreateStopListenerRequest()
	stop.ListenerId = listener
	_, err = b.alb.StopListener(stop)
	ok(t, 0, err)
	http.DefaultClient.CloseIdleConnections()
	if _, err := http.Get("http://" + b.Endpoint(lb, 80)); err == nil {
		t.Fatal("a stopped listener answers")
	}
	start := alb.CreateStartListenerRequest()
	start.ListenerId = listener
	_, err = b.alb.StartListener(start)
	ok(t, 0, err)
	if status, _, _ := b.get(lb, 80, "a.example.com", "/"); status != 504 {
		t.Fatalf("started again, and answered %d", status)
	}
}
