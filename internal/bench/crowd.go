package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// A crowd is what a large cluster has.
const (
	crowdNamespaces = 50
	crowdServices   = 100 // in each namespace
	crowdReviewed   = 500 // of all Services, by the reviews
)

// measureCrowd is measureAdmission in a cluster of 5,000 Services with 50,000 Revisions, and says what memory that takes. These are
// made up on the way from the API server to the guard: to have them made by Knative would take hours, and it is the guard that is
// looked at.
func measureCrowd(ctx context.Context, cluster *testenv.Cluster) error {
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := cluster.GuardCRDs(ctx); err != nil {
		return err
	}
	c, err := newCrowd(cluster)
	if err != nil {
		return err
	}
	server := httptest.NewServer(c)
	defer server.Close()
	defer server.CloseClientConnections() // watches would not end
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, server.URL); err != nil {
		return err
	}
	empty, stopEmpty, err := startEmpty(ctx, dir)
	if err != nil {
		return err
	}
	defer stopEmpty()
	began := time.Now()
	guard, stopGuard, err := startGuard(ctx, kubeconfig, dir, "-namespace", "default")
	if err != nil {
		return err
	}
	defer stopGuard()
	ready := time.Since(began)
	if err := idle(ctx, guard.pid); err != nil {
		return err
	}
	fmt.Printf("\n### %d Services with %d Revisions in the caches\n\nReady after %s, all looked at after %s; %d lists, %d writes.\n",
		crowdNamespaces*crowdServices, crowdNamespaces*crowdServices*targets, seconds(ready), seconds(time.Since(began)), c.lists.Load(), c.writes.Load())
	bodies := make([][]byte, crowdReviewed)
	for i := range bodies {
		bodies[i] = crowdReview(i * crowdNamespaces * crowdServices / crowdReviewed)
	}
	before := memoryOf(guard.pid)
	if err := compare(ctx, bodies, empty, guard); err != nil {
		return err
	}
	after := memoryOf(guard.pid)
	fmt.Printf("\n| memory of the guard | when all is read | after the reviews | at most |\n|---|---|---|---|\n| resident | %d MiB | %d MiB | %d MiB |\n", before["VmRSS"]>>20, after["VmRSS"]>>20, after["VmHWM"]>>20)
	return nil
}

// crowd is an API server that has a crowd, and asks another one for everything else.
type crowd struct {
	others        http.Handler
	lists, writes atomic.Int64
}

func newCrowd(cluster *testenv.Cluster) (*crowd, error) {
	host, err := url.Parse(cluster.Config.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		return nil, err
	}
	others := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(host) }, Transport: transport, FlushInterval: -1,
		ErrorLog: log.New(io.Discard, "", 0), // the other one stands still for a while
	}
	return &crowd{others: others}, nil
}

// ServeHTTP lists the crowd, as a list or as a watch that begins with it; nothing of it ever changes. Nothing is written: a second
// guard of the whole cluster would change what others have there.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, ofCrowd := crowdKinds[r.URL.Path]
	switch {
	case r.Method != http.MethodGet && !strings.HasPrefix(r.URL.Path, "/apis/authentication.k8s.io/"):
		c.writes.Add(1)
		c.echo(w, r)
	case !ofCrowd:
		c.others.ServeHTTP(w, r)
	case r.URL.Query().Get("watch") == "":
		c.lists.Add(1)
		kind.list(w)
	default:
		if r.URL.Query().Get("sendInitialEvents") == "true" {
			c.lists.Add(1)
			kind.stream(w)
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// echo answers a write with what was written.
func (c *crowd) echo(w http.ResponseWriter, r *http.Request) {
	var object json.RawMessage
	if json.NewDecoder(r.Body).Decode(&object) != nil {
		object = json.RawMessage("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(object)
}

func writeKubeconfig(path, server string) error {
	const name = "crowd"
	return clientcmd.WriteToFile(clientcmdapi.Config{
		CurrentContext: name, Contexts: map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		Clusters: map[string]*clientcmdapi.Cluster{name: {Server: server}}, AuthInfos: map[string]*clientcmdapi.AuthInfo{name: {}},
	}, path)
}

// idle waits until a process has had nothing to do for a while: its controllers have looked at everything.
func idle(ctx context.Context, pid int) error {
	const pause = 2 * time.Second
	for last, deadline := time.Duration(-1), time.Now().Add(5*time.Minute); time.Now().Before(deadline); {
		used := cpuOf(pid)
		if used-last < pause/50 {
			return nil
		}
		last = used
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return errors.New("the guard does not come to rest")
}

// memoryOf reads /proc/PID/status, in bytes.
func memoryOf(pid int) map[string]int64 {
	out := map[string]int64{}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return out
	}
	for line := range strings.Lines(string(status)) {
		var name string
		var kb int64
		if n, _ := fmt.Sscanf(line, "%s %d kB", &name, &kb); n == 2 {
			out[strings.TrimSuffix(name, ":")] = kb << 10
		}
	}
	return out
}
