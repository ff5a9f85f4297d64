package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// TestReplicasCountTogether sends events to two replicas, of which one dispatches.
func TestReplicasCountTogether(t *testing.T) {
	x := newPod(t, "x", nil)
	s := setup{limits: dispatch.Limits{MaxQueue: 10}}
	one, two := newReplica(t, "one", s, x), newReplica(t, "two", s, x)
	one.observe("one/")
	two.observe("one/" + one.address)
	a, b, c := sending(t, two.url(""), "a"), sending(t, one.url(""), "b"), sending(t, two.url(""), strings.Repeat("c", 2*small))
	one.has(t, 1, 2)
	two.has(t, 0, 0)
	close(x.release)
	for _, r := range []<-chan result{a, b, c} {
		if got := <-r; got.status != http.StatusOK || got.body != "x" {
			t.Errorf("%v", got)
		}
	}
	if x.most.Load() != 1 || x.got.Load() != 3 {
		t.Errorf("%d events, %d at once", x.got.Load(), x.most.Load())
	}
}

// TestNobodyDispatches holds events until somebody does.
func TestNobodyDispatches(t *testing.T) {
	x := newPod(t, "x", nil)
	close(x.release)
	r := newReplica(t, "one", setup{limits: dispatch.Limits{MaxQueue: 10}}, x)
	a := sending(t, r.url(""), "a")
	r.has(t, 0, 1)
	eventually(t, "it is asked for", func() bool { return r.written.Load() == 1 })
	r.observe("one/")
	if got := <-a; got.status != http.StatusOK {
		t.Errorf("%v", got)
	}
}

// TestHandover moves the part of the dispatcher while events wait and while one is in a Pod.
func TestHandover(t *testing.T) {
	x, y := newPod(t, "x", nil), newPod(t, "y", nil)
	s := setup{limits: dispatch.Limits{MaxQueue: 10}, shares: []dispatch.Share{{Revision: "a", Percent: 100}}, timeout: 10 * time.Second}
	one, two := newReplica(t, "one", s, x), newReplica(t, "two", s)
	one.observe("one/")
	two.observe("one/" + one.address)
	inPod := sending(t, one.url(""), "in the Pod")
	one.has(t, 1, 0)
	waiting := []<-chan result{sending(t, one.url(""), "a"), sending(t, two.url(""), "b"), sending(t, two.url(""), strings.Repeat("c", 2*small))}
	one.has(t, 1, 3)

	two.observe("two/")
	one.observe("two/" + two.address)
	one.has(t, 1, 0)
	two.has(t, 0, 3)
	two.set(s, y)
	close(y.release)
	for _, r := range waiting {
		if got := <-r; got.status != http.StatusOK || got.body != "y" {
			t.Errorf("%v", got)
		}
	}
	close(x.release)
	if got := <-inPod; got.status != http.StatusOK || got.body != "x" {
		t.Errorf("%v", got)
	}
	if x.got.Load() != 1 || y.got.Load() != 3 {
		t.Errorf("x had %d events, y %d; want 1 and 3", x.got.Load(), y.got.Load())
	}
}

// TestDeadDispatcher cuts off what it had, and keeps what it was not sent.
func TestDeadDispatcher(t *testing.T) {
	x := newPod(t, "x", nil)
	s := setup{limits: dispatch.Limits{MaxQueue: 10}}
	one, two := newReplica(t, "one", s, x), newReplica(t, "two", s, x)
	one.observe("one/")
	two.observe("one/" + one.address)
	a := sending(t, two.url(""), "a")
	one.has(t, 1, 0)
	one.peers.CloseClientConnections()
	_ = one.peers.Listener.Close()
	if got := <-a; got.status != http.StatusBadGateway || got.header.Get(AnswerHeader) != reasonCut {
		t.Errorf("what it had: %v", got)
	}
	b := sending(t, two.url(""), "b")
	two.has(t, 0, 1)
	two.observe("two/")
	close(x.release)
	if got := <-b; got.status != http.StatusOK {
		t.Errorf("what it was not sent: %v", got)
	}
	if x.got.Load() != 2 {
		t.Errorf("2 events arrived %d times", x.got.Load())
	}
}

// TestStopTellsWhatWaits sees that nothing waits for a replica that never comes.
func TestStopTellsWhatWaits(t *testing.T) {
	r := newReplica(t, "one", setup{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r.events.Config.Handler = newServer(ctx, r.targets, r.role).events()
	a := sending(t, r.url(""), "a")
	r.has(t, 0, 1)
	stop()
	if got := <-a; got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || got.header.Get(AnswerHeader) != reasonStopping {
		t.Errorf("%v", got)
	}
}
