package gateway

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"knative.dev/serving/pkg/autoscaler/metrics"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// TestDoubt sees that a new dispatcher gives no event to a Pod that may have one of the last.
func TestDoubt(t *testing.T) {
	const silent = -1
	var load atomic.Int64 // what the queue-proxy says of each second, which are over fast here
	var uptime atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if load.Load() == silent {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		stat := metrics.Stat{ProcessUptime: float64(uptime.Add(1)), AverageConcurrentRequests: float64(load.Load())}
		data, err := stat.Marshal()
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(data)
	}))
	defer s.Close()
	d := &doubt{client: s.Client(), again: 5 * time.Millisecond, patience: 200 * time.Millisecond, url: func(endpoint) string { return s.URL }}
	x := newPod(t, "x", nil)
	close(x.release)
	pod := dispatch.Pod{Revision: "a", Name: "x"}
	endpoints := map[dispatch.Pod]endpoint{pod: {address: x.address, pod: "x", revision: "a"}}
	about := setup{limits: dispatch.Limits{MaxQueue: 10}, timeout: 10 * time.Second, shares: []dispatch.Share{{Revision: "a", Percent: 100}}}

	for name, after := range map[string]int64{"its event ends": 0, "it says nothing": silent} {
		load.Store(1)
		r := newReplica(t, "one", setup{})
		r.observe("one/")
		r.estrange()
		for pod, e := range r.configure(about, endpoints, true) {
			go d.resolve(context.Background(), r.target, pod, e)
		}
		got := sending(t, r.url(""), "event")
		r.has(t, 0, 1)
		for asked := uptime.Load(); uptime.Load() < asked+3; {
			time.Sleep(time.Millisecond)
		}
		r.has(t, 0, 1)
		load.Store(after)
		if got := <-got; got.status != http.StatusOK {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestDoubtIsForPodsOfOthers lets a replica that dispatches again use the Pods that have its own events, when those end.
func TestDoubtIsForPodsOfOthers(t *testing.T) {
	x := newPod(t, "x", nil)
	about := setup{limits: dispatch.Limits{MaxQueue: 10}, timeout: 10 * time.Second, shares: []dispatch.Share{{Revision: "a", Percent: 100}}}
	r := newReplica(t, "one", about, x)
	r.observe("one/")
	first := sending(t, r.url(""), "1")
	r.has(t, 1, 0)
	r.observe("two/")
	pods := maps.Clone(r.endpoints)
	if doubtful := r.configure(about, pods, false); len(doubtful) != 0 {
		t.Errorf("one that does not dispatch doubts %v", doubtful)
	}
	r.observe("one/")
	if doubtful := r.configure(about, pods, true); len(doubtful) != 0 {
		t.Errorf("it doubts Pods that have its own events: %v", doubtful)
	}
	second := sending(t, r.url(""), "2")
	r.has(t, 1, 1)
	close(x.release)
	for _, one := range []<-chan result{first, second} {
		if got := <-one; got.status != http.StatusOK {
			t.Errorf("%v", got)
		}
	}
}
