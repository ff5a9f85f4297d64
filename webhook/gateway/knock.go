package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	netheader "knative.dev/networking/pkg/http/header"
	"knative.dev/serving/pkg/activator"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// knockAfter is how long an event waits for a Pod of a Revision that has none, not even one that is coming, before the activator
	// is told. A floor makes Pods within some tenths of a second.
	knockAfter = 2 * time.Second
	// knockLasts is how long the activator may hold it.
	knockLasts = time.Minute
)

// knocker tells Knative's activator that somebody waits for a Revision at zero, for where floors do nothing: an autoscaler that has
// just started looks at them only after the first request (knative/serving#10327), and the guard may be away. It is a request that
// wakes the Revision as any does, and that queue-proxy answers itself, for it looks like one of the activator's own probes: it never
// reaches the application.
//
// Source: knative.dev/serving v0.50.0, pkg/queue/sharedmain/handlers.go (HealthCheckUAPrefixes), pkg/activator/handler/probe_handler.go.
type knocker struct {
	client *http.Client
	url    string

	mu   sync.Mutex
	busy map[types.NamespacedName]bool
}

func newKnocker(address string) *knocker {
	return &knocker{
		client: &http.Client{Timeout: knockLasts, Transport: &http.Transport{DisableKeepAlives: true}},
		url:    "http://" + address + "/", busy: map[types.NamespacedName]bool{},
	}
}

// knock tells of a Revision, once at a time. It does not wait.
func (k *knocker) knock(ctx context.Context, revision types.NamespacedName) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy[revision] {
		return
	}
	k.busy[revision] = true
	go func() {
		err := k.send(ctx, revision)
		ctrl.Log.WithName("gateway").Info("an event waits for a Revision without a Pod: told the activator", "revision", revision, "error", err)
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.busy, revision)
	}()
}

func (k *knocker) send(ctx context.Context, revision types.NamespacedName) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set(netheader.UserAgentKey, netheader.ActivatorUserAgent)
	req.Header.Set(activator.RevisionHeaderNamespace, revision.Namespace)
	req.Header.Set(activator.RevisionHeaderName, revision.Name)
	resp, err := k.client.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close() // queue-proxy's answer is that this is no probe; that is all right
}
