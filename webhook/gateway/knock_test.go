package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// TestKnock sees that the activator is told where no Pod is coming, and not where one is.
func TestKnock(t *testing.T) {
	knocks := make(chan *http.Request, 10)
	hold := make(chan struct{})
	activator := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		knocks <- r
		<-hold
	}))
	defer activator.Close()
	defer close(hold)
	about := setup{limits: dispatch.Limits{MaxQueue: 10}, pods: map[string]int{"a": 1}}
	r := newReplica(t, "one", about)
	r.targets.knock = newKnocker(strings.TrimPrefix(activator.URL, "http://"))
	r.observe("one/")
	p, err := r.arrive()
	if err != nil {
		t.Fatal(err)
	}
	defer p.leave()
	p.wake()
	about.pods, about.shares = nil, []dispatch.Share{{Revision: "a", Percent: 100}}
	r.set(about)
	if len(knocks) > 0 {
		t.Error("the activator is told of a Revision whose Pod is coming")
	}
	p.wake()
	p.wake()
	got := <-knocks
	if got.Header.Get("Knative-Serving-Revision") != "a" || got.Header.Get("Knative-Serving-Namespace") != "ns" || got.UserAgent() != "Knative-Activator-Probe" {
		t.Errorf("%v", got.Header)
	}
	if len(knocks) > 0 {
		t.Error("the activator is told twice at once")
	}
}
