package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

var hello = Ref{Service, "default", "hello"}

// api answers in the API server's words, and remembers what it was asked.
type api struct {
	answer func(w http.ResponseWriter, r *http.Request, verb string)

	mu    sync.Mutex
	verbs []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	verb := verbOf(r)
	asked := verb
	if verb == "watch" {
		asked += " " + r.URL.Query().Get("resourceVersion")
	}
	a.mu.Lock()
	a.verbs = append(a.verbs, asked)
	a.mu.Unlock()
	a.answer(w, r, verb)
}

// asked are the verbs of all requests so far, in their order; a watch with the resourceVersion that it goes on from.
func (a *api) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.verbs)
}

// verbOf is the request's verb as RBAC names it.
func verbOf(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	named := len(parts) > slices.Index(parts, "namespaces")+3
	switch {
	case r.URL.Query().Get("watch") != "":
		return "watch"
	case r.Method == http.MethodGet && !named:
		return "list"
	}
	return strings.ToLower(r.Method)
}

// connect makes a client of a server, by the way that the provider takes.
func connect(t *testing.T, a *api) *Client {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	c, err := New(Settings{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connectInMemory makes a client of a server without sockets: in a bubble of testing/synctest, time passes only where both
// wait for it.
func connectInMemory(t *testing.T, a *api) *Client {
	t.Helper()
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: a}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(pipes); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	transport := &http.Transport{DialContext: pipes.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	c, err := newClient(&rest.Config{Host: "http://api", QPS: -1}, &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pipeListener is a net.Listener of net.Pipes.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*pipeListener) Addr() net.Addr { return &net.UnixAddr{Net: "pipe", Name: "pipe"} }

// sendJSON answers with an object, or with a Status that stands for an error.
func sendJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a client that went away needs no answer
}

func sendError(w http.ResponseWriter, err *apierrors.StatusError) {
	status := err.ErrStatus
	status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	sendJSON(w, int(status.Code), status)
}

// object reads an object that a test writes as YAML, with numbers as the client reads them.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	if err := utiljson.Unmarshal(raw, &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

// service is a Service at a generation, seen by Knative at another, with a Ready condition.
func service(resourceVersion, generation, observed int, ready, reason string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "serving.knative.dev/v1", "kind": "Service",
		"metadata": map[string]any{"namespace": "default", "name": "hello", "uid": "u-1", "resourceVersion": fmt.Sprint(resourceVersion), "generation": int64(generation)},
		"status": map[string]any{"observedGeneration": int64(observed), "conditions": []any{
			map[string]any{"type": "Ready", "status": ready, "reason": reason, "message": "as told"},
		}},
	}}
}
