package slbtest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// Pod is a server that answers with its revision's name and what it was asked.
type Pod struct {
	slb.Server
	Served func() int
	Stop   func()
}

// NewPod starts one. A request for /slow is answered after a while.
func NewPod(t *testing.T, revision string) Pod {
	t.Helper()
	var mu sync.Mutex
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		served++
		mu.Unlock()
		if r.URL.Path == "/slow" {
			time.Sleep(300 * time.Millisecond)
		}
		w.Header().Set("Revision", revision)
		_, _ = fmt.Fprintf(w, "%s %s\n", r.Host, r.URL)
		_ = r.Header.Write(w)
	}))
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(port) // it is one
	return Pod{
		Server: slb.Server{IP: host, Port: n}, Stop: server.Close,
		Served: func() int {
			mu.Lock()
			defer mu.Unlock()
			return served
		},
	}
}

// Pods starts some, and gives them as servers.
func Pods(t *testing.T, revision string, count int) []slb.Server {
	t.Helper()
	servers := make([]slb.Server, count)
	for i := range servers {
		servers[i] = NewPod(t, revision).Server
	}
	return servers
}

// Answer is what a request was answered with.
type Answer struct {
	Status         int
	Revision, Body string
}

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       10 * time.Second,
}

// Get asks the listener of a load balancer for a path of a host, with headers in pairs.
func (b *Bed) Get(ctx context.Context, balancer string, port int, host, path string, header ...string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.Endpoint(balancer, port)+path, http.NoBody)
	if err != nil {
		return Answer{}, err
	}
	r.Host = host
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return Answer{resp.StatusCode, resp.Header.Get("Revision"), resp.Header.Get("Location") + string(body)}, err
}

// Count asks many times, and counts the answers by revision, or by status where there is none.
func (b *Bed) Count(balancer string, port int, host string, times int) map[string]int {
	b.T.Helper()
	counts := map[string]int{}
	for range times {
		a, err := b.Get(b.T.Context(), balancer, port, host, "/")
		if err != nil {
			b.T.Fatal(err)
		}
		if a.Revision == "" {
			a.Revision = strconv.Itoa(a.Status)
		}
		counts[a.Revision]++
	}
	return counts
}

// Load asks without end, from several at once, until its stop is called, which gives what did not succeed.
func (b *Bed) Load(balancer string, port int, host, path string) (stop func() (asked int, failed map[string]int)) {
	ctx, cancel := context.WithCancel(b.T.Context())
	var mu sync.Mutex
	asked, failed := 0, map[string]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				a, err := b.Get(context.WithoutCancel(ctx), balancer, port, host, path)
				mu.Lock()
				asked++
				if err != nil {
					failed[err.Error()]++
				} else if a.Status != http.StatusOK {
					failed[a.Body]++
				}
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
	}
	return func() (int, map[string]int) {
		cancel()
		all.Wait()
		return asked, maps.Clone(failed)
	}
}
