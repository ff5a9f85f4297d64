package scaling

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/plugin"
)

// What a plugin says is written where it is due, told where it changes for the worse or the better, and gone with the plugin.
func TestPluginKeeper(t *testing.T) {
	var down atomic.Bool
	var asked atomic.Int32
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if down.Load() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"23"]}}`)
	}))
	defer prometheus.Close()
	p := policy("shop", v1alpha1.TargetService, func(s *v1alpha1.ScalingPolicySpec) {
		s.Plugins = []v1alpha1.ScalingPlugin{{Name: "lag", Target: "5", Interval: &metav1.Duration{Duration: time.Second}, Prometheus: &v1alpha1.PrometheusScaler{Address: prometheus.URL, Query: "lag"}}}
	})
	b := newBench(t, p)
	key := client.ObjectKeyFromObject(p)
	in := true
	recorder := events.NewFakeRecorder(100)
	runner := &plugin.Runner{Connections: &plugin.Connections{}, Lookup: func(types.NamespacedName) *v1alpha1.ScalingPolicy { return nil }}
	k := &PluginKeeper{Client: b.Client, Runner: runner, InScope: func(context.Context, string) (bool, error) { return in, nil }, Now: time.Now, Events: recorder}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = runner.Start(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })
	reconcile := func() ctrl.Result {
		t.Helper()
		r, err := k.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	written := func() string {
		t.Helper()
		if err := b.Client.Get(t.Context(), key, p); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, s := range p.Status.Plugins {
			out = append(out, fmt.Sprintf("%s %s %d %t %s;", s.Name, s.Value, s.Replicas, s.LastAnswer != nil, s.Problem))
		}
		return strings.Join(out, ", ")
	}
	until := func(want string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			reconcile()
			if got := written(); strings.HasPrefix(got, want) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("the status is %q, want %q", got, want)
			}
		}
	}
	until("lag 23 5 true ;")
	version := p.ResourceVersion
	for range 3 {
		if r := reconcile(); r.RequeueAfter <= 0 && asked.Load() > 1 {
			t.Error("a later answer is never written")
		}
	}
	if written(); p.ResourceVersion != version {
		t.Error("it was written without need")
	}
	down.Store(true)
	until("lag 23 5 true Prometheus did not answer the query: ")
	down.Store(false)
	until("lag 23 5 true ;")
	for _, want := range []string{"Warning PluginFailed plugin lag: Prometheus did not answer the query: ", "Normal PluginAnswers plugin lag answers again: 23"} {
		select {
		case got := <-recorder.Events:
			if !strings.HasPrefix(got, want) {
				t.Errorf("got the Event %q, want %q", got, want)
			}
		default:
			t.Errorf("no Event, want %q", want)
		}
	}

	in = false // another guard looks after the namespace now
	reconcile()
	if floors := runner.Floors(key); len(floors) != 0 {
		t.Errorf("out of scope: %v", floors)
	}
	in = true
	until("lag 23 5 true ;")

	p.Spec.Suspend = true
	if err := b.Client.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	reconcile()
	if got := written(); got != "" || len(runner.Floors(key)) != 0 {
		t.Errorf("suspended: %q", got)
	}
	if err := b.Client.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	reconcile()
	if len(recorder.Events) != 0 {
		t.Errorf("one more Event: %s", <-recorder.Events)
	}
}
