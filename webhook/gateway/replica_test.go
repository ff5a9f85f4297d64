package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

var policy = types.NamespacedName{Namespace: "ns", Name: "policy"}

// replica is a gateway without a cluster.
type replica struct {
	*role
	*target
	targets       *targets
	events, peers *httptest.Server
	written       atomic.Int64
}

func newReplica(t *testing.T, name string, s setup, pods ...*fakePod) *replica {
	t.Helper()
	r := &replica{}
	ctx, stop := context.WithCancel(context.Background())
	r.targets = newTargets(ctx, func(_ context.Context, _ types.NamespacedName, c count) error {
		r.written.Store(int64(c.all))
		return nil
	}, newKnocker(""))
	r.role = newRole(name, "", func() {}, r.targets.evict)
	r.target = r.targets.add(policy)
	server := newServer(ctx, r.targets, r.role)
	r.events, r.peers = httptest.NewUnstartedServer(server.events()), httptest.NewUnstartedServer(server.peers())
	for _, s := range []*httptest.Server{r.events, r.peers} {
		s.Config.Protocols = httpServer(nil).Protocols
		s.Start()
		t.Cleanup(s.Close)
	}
	r.role.address = r.peers.Listener.Addr().String()
	t.Cleanup(func() { stop(); r.targets.close() })
	if s.timeout == 0 {
		s.timeout = 10 * time.Second
	}
	s.shares = []dispatch.Share{{Revision: "a", Percent: 100}}
	r.set(s, pods...)
	return r
}

func (r *replica) set(s setup, pods ...*fakePod) {
	endpoints := map[dispatch.Pod]endpoint{}
	for i, p := range pods {
		endpoints[dispatch.Pod{Revision: "a", Name: fmt.Sprint(p.name, i)}] = endpoint{address: p.address, pod: p.name, revision: "a"}
	}
	for pod := range r.configure(s, endpoints, true) {
		r.trust(pod)
	}
}

func (r *replica) url(path string) string { return r.events.URL + "/ns/policy" + path }

// fakePod takes requests as a queue-proxy does, and sees that there is one at a time.
type fakePod struct {
	name, address string
	got           atomic.Int32 // requests
	now, most     atomic.Int32 // at once
	release       chan struct{}
}

func newPod(t *testing.T, name string, h http.HandlerFunc) *fakePod {
	t.Helper()
	p := &fakePod{name: name, release: make(chan struct{})}
	if h == nil {
		h = func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-p.release
			_, _ = io.WriteString(w, name)
		}
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.got.Add(1)
		p.most.Store(max(p.most.Load(), p.now.Add(1)))
		defer p.now.Add(-1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	p.address = s.Listener.Addr().String()
	return p
}

type result struct {
	status int
	body   string
	header http.Header
	err    error
}

func send(ctx context.Context, url, body string) result {
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, b)
	if err != nil {
		return result{err: err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return result{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return result{status: resp.StatusCode, body: string(text), header: resp.Header, err: err}
}

// sending sends in the background.
func sending(t *testing.T, url, body string) <-chan result {
	t.Helper()
	out := make(chan result, 1)
	go func() { out <- send(context.Background(), url, body) }()
	return out
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for range 500 {
		if check() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 5 s: %s", what)
}

func (r *replica) has(t *testing.T, inPods, waiting int) {
	t.Helper()
	var p, w int
	defer func() {
		if t.Failed() {
			t.Logf("%d events are in Pods, %d wait", p, w)
		}
	}()
	eventually(t, fmt.Sprintf("%d events in Pods, %d waiting", inPods, waiting), func() bool { p, w = r.inFlight(); return p == inPods && w == waiting })
}
