package plugin

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// guard is a runner of one policy, as the guard has it, and what it was told.
type guard struct {
	*Runner
	policy *v1alpha1.ScalingPolicy
	moved  chan struct{}
}

// run starts a runner that has the policy in its cache, and has not been told of it.
func run(t *testing.T, policy *v1alpha1.ScalingPolicy) *guard {
	t.Helper()
	g := &guard{policy: policy, moved: make(chan struct{}, 100)}
	g.Runner = &Runner{Connections: &Connections{}, Lookup: func(types.NamespacedName) *v1alpha1.ScalingPolicy { return policy }}
	g.Notify(func(types.NamespacedName) { g.moved <- struct{}{} })
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); _ = g.Start(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })
	return g
}

func policyOf(plugins ...v1alpha1.ScalingPlugin) *v1alpha1.ScalingPolicy {
	return &v1alpha1.ScalingPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: shop.Namespace, Name: shop.Name}, Spec: v1alpha1.ScalingPolicySpec{Plugins: plugins}}
}

// quick is a plugin that is asked each second, and not held on to.
func quick(s *scaler) v1alpha1.ScalingPlugin {
	return v1alpha1.ScalingPlugin{
		Name: "queue", External: &v1alpha1.ExternalScaler{Address: s.address}, Timeout: &metav1.Duration{Duration: time.Second},
		Interval: &metav1.Duration{Duration: time.Second}, Stabilization: &metav1.Duration{}, KeepLast: &metav1.Duration{Duration: time.Minute},
	}
}

func (g *guard) floor() string {
	var out []string
	for _, f := range g.Floors(shop) {
		out = append(out, fmt.Sprintf("%s %d", f.Source, f.Replicas))
	}
	return strings.Join(out, ", ")
}

func (g *guard) problem() string {
	for _, s := range g.Statuses(shop) {
		return s.Problem
	}
	return "no status"
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if check() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// A floor follows the plugin, and each change is made known.
func TestRunnerFollows(t *testing.T) {
	s := serve(t, nil)
	s.setValue(23)
	g := run(t, policyOf(quick(s)))
	eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })
	<-g.moved
	s.setValue(60)
	<-g.moved
	if got := g.floor(); got != "plugin/queue 12" {
		t.Errorf("got %s", got)
	}
	s.set(func(s *scaler) { s.active = false })
	<-g.moved
	if got := g.floor(); got != "" {
		t.Errorf("got %s", got)
	}
	if st := g.Statuses(shop)[0]; st.Value != "not active" || st.Replicas != 0 || st.LastAnswer == nil || st.Problem != "" {
		t.Errorf("the status is %+v", st)
	}
}

// A plugin that goes down keeps its last value, comes back, and is followed again; so does one that gets slow, or talks nonsense.
func TestRunnerFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault func(*testing.T, *scaler)
		says  string
		end   func(*testing.T, *scaler)
	}{
		"down": {
			func(_ *testing.T, s *scaler) { s.server.Stop() }, "IsActive: ",
			func(t *testing.T, s *scaler) { t.Helper(); s.start(t, s.address, nil) },
		},
		"slow": {
			func(_ *testing.T, s *scaler) { s.set(func(s *scaler) { s.slow = make(chan struct{}) }) }, "IsActive: no answer in time",
			func(_ *testing.T, s *scaler) { s.set(func(s *scaler) { close(s.slow); s.slow = nil }) },
		},
		"nonsense": {
			func(_ *testing.T, s *scaler) { s.setValue(-1) }, "no amount is below 0",
			func(*testing.T, *scaler) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			s.setValue(23)
			g := run(t, policyOf(quick(s)))
			eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })
			tc.fault(t, s)
			eventually(t, "the problem", func() bool { return strings.Contains(g.problem(), tc.says) })
			if got := g.floor(); got != "plugin/queue 5" {
				t.Errorf("while it is away: %s", got)
			}
			tc.end(t, s)
			s.setValue(8)
			eventually(t, "2 Pods", func() bool { return g.floor() == "plugin/queue 2" && g.problem() == "" })
		})
	}
}

// What was kept is let go of when its time is over, and that is made known.
func TestRunnerLetsGo(t *testing.T) {
	s := serve(t, nil)
	s.setValue(23)
	p := quick(s)
	p.KeepLast.Duration = 3 * time.Second
	g := run(t, policyOf(p))
	eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })
	<-g.moved
	s.server.Stop()
	begin := time.Now()
	<-g.moved
	if took := time.Since(begin); g.floor() != "" || took < 1500*time.Millisecond {
		t.Errorf("after %s: %q", took, g.floor())
	}
}

// A guard that starts while a plugin is down goes on with what the status says, from the first moment on, and for as long as it was to
// be kept.
func TestRunnerStartsWithThePluginDown(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s := &scaler{address: l.Addr().String()}
	for name, tc := range map[string]struct {
		status v1alpha1.PluginStatus
		first  string
		later  string
	}{
		"it was well until the end":      {v1alpha1.PluginStatus{Replicas: 5, Value: "23", LastAnswer: ago(10 * time.Second)}, "plugin/queue 5", "plugin/queue 5"},
		"it had failed before":           {v1alpha1.PluginStatus{Replicas: 5, Value: "23", LastAnswer: ago(10 * time.Second), Problem: "away"}, "plugin/queue 5", "plugin/queue 5"},
		"it had failed for too long":     {v1alpha1.PluginStatus{Replicas: 5, Value: "23", LastAnswer: ago(time.Hour), Problem: "away"}, "", ""},
		"the guard was away too long":    {v1alpha1.PluginStatus{Replicas: 5, Value: "23", LastAnswer: ago(time.Hour)}, "plugin/queue 5", ""},
		"it was well, but for pushing":   {v1alpha1.PluginStatus{Replicas: 5, Value: "23", LastAnswer: ago(time.Hour), Problem: noPush + "x"}, "plugin/queue 5", ""},
		"it has never answered":          {v1alpha1.PluginStatus{Problem: "away"}, "", ""},
		"the status is another plugin's": {v1alpha1.PluginStatus{Name: "other", Replicas: 5, LastAnswer: ago(time.Second)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := policyOf(quick(s))
			if tc.status.Name == "" {
				tc.status.Name = "queue"
			}
			policy.Status.Plugins = []v1alpha1.PluginStatus{tc.status}
			g := run(t, policy)
			if got := g.floor(); got != tc.first {
				t.Errorf("at first: got %q, want %q", got, tc.first)
			}
			eventually(t, "the problem", func() bool { return strings.Contains(g.problem(), "connection refused") })
			if got := g.floor(); got != tc.later {
				t.Errorf("later: got %q, want %q", got, tc.later)
			}
		})
	}
}

func ago(d time.Duration) *metav1.Time { return &metav1.Time{Time: time.Now().Add(-d)} }

// A plugin that pushes is asked at once when it says that it is active, and its floor is nothing when it says that it is not.
func TestRunnerPushed(t *testing.T) {
	s := serve(t, nil)
	s.set(func(s *scaler) { s.pushes, s.active = make(chan bool), false })
	p := quick(s)
	p.External.Push, p.Interval.Duration = true, time.Hour
	g := run(t, policyOf(p))
	eventually(t, "it was asked", func() bool { return len(g.Statuses(shop)) == 1 && g.Statuses(shop)[0].LastAnswer != nil })
	s.set(func(s *scaler) { s.active = true })
	s.setValue(23)
	s.pushes <- true
	eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })
	s.pushes <- false
	eventually(t, "none", func() bool { return g.floor() == "" })
	close(s.pushes)
	eventually(t, "the problem", func() bool { return strings.HasPrefix(g.problem(), noPush) })
	s.set(func(s *scaler) { s.pushes = make(chan bool) })
	eventually(t, "it pushes again", func() bool {
		select {
		case s.pushes <- true:
			return true
		default:
			return false
		}
	})
	eventually(t, "5 Pods again", func() bool { return g.floor() == "plugin/queue 5" && g.problem() == "" })
}

// A plugin that cannot push is asked, and its status says so; it is not asked to push again.
func TestRunnerCannotPush(t *testing.T) {
	s := serve(t, nil)
	s.setValue(23)
	p := quick(s)
	p.External.Push = true
	g := run(t, policyOf(p))
	eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })
	eventually(t, "the problem", func() bool { return strings.Contains(g.problem(), "take push out of the policy") })
	asked := s.calls()
	eventually(t, "it is asked on", func() bool { return s.calls() > asked+6 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams != 1 {
		t.Errorf("it was asked to push %d times", s.streams)
	}
}

// A policy's plugins are asked while it is there, as it is: not while it is suspended, not after it is gone, at their new address after
// a change, and the rest goes on.
func TestRunnerChanges(t *testing.T) {
	first, second := serve(t, nil), serve(t, nil)
	first.setValue(23)
	second.setValue(40)
	policy := policyOf(quick(first))
	g := run(t, policy)
	eventually(t, "5 Pods", func() bool { return g.floor() == "plugin/queue 5" })

	moved := policy.DeepCopy()
	moved.Spec.Plugins[0].External.Address = second.address
	moved.Spec.Plugins = append(moved.Spec.Plugins, v1alpha1.ScalingPlugin{Name: "broken", External: &v1alpha1.ExternalScaler{Address: second.address}, Target: "much"})
	g.Set(moved)
	if got := g.floor(); got != "plugin/queue 5" {
		t.Errorf("right after the change: %s", got)
	}
	eventually(t, "8 Pods", func() bool { return g.floor() == "plugin/queue 8" })
	eventually(t, "the problem of the other", func() bool { return strings.Contains(g.Statuses(shop)[1].Problem, `the target is "much"`) })
	if len(g.Connections.opened) != 1 {
		t.Errorf("%d connections", len(g.Connections.opened))
	}

	suspended := moved.DeepCopy()
	suspended.Spec.Suspend = true
	for len(g.moved) > 0 {
		<-g.moved
	}
	g.Set(suspended)
	<-g.moved
	idle(t, g, first, second)

	g.Set(moved)
	eventually(t, "8 Pods again", func() bool { return g.floor() == "plugin/queue 8" })
	g.Lookup = func(types.NamespacedName) *v1alpha1.ScalingPolicy { return nil }
	g.Remove(shop)
	idle(t, g, first, second)
}

// idle checks that nobody is asked and nothing asked for.
func idle(t *testing.T, g *guard, scalers ...*scaler) {
	t.Helper()
	if got := g.floor(); got != "" || len(g.Statuses(shop)) != 0 {
		t.Errorf("the floor is %s", got)
	}
	eventually(t, "connections are closed", func() bool {
		g.Connections.mu.Lock()
		defer g.Connections.mu.Unlock()
		return len(g.Connections.opened) == 0
	})
	calls := func() (out []int) {
		for _, s := range scalers {
			out = append(out, s.calls())
		}
		return out
	}
	before := calls()
	time.Sleep(2500 * time.Millisecond)
	if after := calls(); !slices.Equal(before, after) {
		t.Errorf("asked while idle: %v, then %v", before, after)
	}
}

func TestPause(t *testing.T) {
	for name, tc := range map[string]struct {
		interval time.Duration
		failures int
		random   float64
		want     time.Duration
	}{
		"well":              {15 * time.Second, 0, 0.5, 15 * time.Second},
		"the first failure": {15 * time.Second, 1, 0.5, 15 * time.Second},
		"the second":        {15 * time.Second, 2, 0.5, 30 * time.Second},
		"the tenth":         {15 * time.Second, 10, 0.5, time.Minute},
		"seldom anyway":     {time.Hour, 10, 0.5, time.Hour},
		"earlier":           {10 * time.Second, 0, 0, 9 * time.Second},
		"later":             {10 * time.Second, 0, 1, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pause(tc.interval, tc.failures, tc.random); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
