package gateway

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"knative.dev/serving/pkg/autoscaler/metrics"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// TestDoubt sees that a new dispatcher gives no event to a Pod that may have one of the last.
func TestDoubt(t *testing.T) {
	var mu sync.Mutex
	var stat *metrics.Stat
	says := func(s *metrics.Stat) {
		mu.Lock()
		defer mu.Unlock()
		stat = s
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if stat == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
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

	for name, steps := range map[string]struct{ before, after *metrics.Stat }{
		"it was idle for a second that ended since": {&metrics.Stat{ProcessUptime: 7}, &metrics.Stat{ProcessUptime: 8}},
		"its event ends":  {&metrics.Stat{ProcessUptime: 9, AverageConcurrentRequests: 1}, &metrics.Stat{ProcessUptime: 10}},
		"it says nothing": {&metrics.Stat{ProcessUptime: 11}, nil},
	} {
		r := newReplica(t, "one", setup{})
		r.observe("one/")
		r.estrange()
		says(steps.before)
		for pod, e := range r.configure(about, endpoints, true) {
			go d.resolve(context.Background(), r.target, pod, e)
		}
		got := sending(t, r.url(""), "event")
		time.Sleep(100 * time.Millisecond)
		if in, waiting := r.inFlight(); in != 0 || waiting != 1 {
			t.Errorf("%s: %d in Pods, %d waiting, before that is known", name, in, waiting)
		}
		says(steps.after)
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
