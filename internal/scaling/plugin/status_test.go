package plugin

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// The table above Due, line by line: the status has an answer of a moment, and it is 20 s later.
func TestDue(t *testing.T) {
	at := time.Date(2026, 11, 25, 8, 0, 20, 0, time.UTC)
	answer := func(second int) *metav1.Time {
		return &metav1.Time{Time: time.Date(2026, 11, 25, 8, 0, second, 0, time.UTC)}
	}
	was := v1alpha1.PluginStatus{Name: "queue", Value: "23", Replicas: 5, LastAnswer: answer(0)}
	with := func(change func(*v1alpha1.PluginStatus)) []v1alpha1.PluginStatus {
		s := was
		s.LastAnswer = answer(19)
		change(&s)
		return []v1alpha1.PluginStatus{s}
	}
	one := []v1alpha1.PluginStatus{was}
	for name, tc := range map[string]struct {
		written, now []v1alpha1.PluginStatus
		keepLast     time.Duration
		due          bool
		in           time.Duration
	}{
		"none at all":           {nil, nil, 0, false, 0},
		"the same":              {one, one, 0, false, 0},
		"a new one":             {nil, one, 0, true, 0},
		"it is gone":            {one, nil, 0, true, 0},
		"another":               {one, with(func(s *v1alpha1.PluginStatus) { s.Name = "lag" }), 0, true, 0},
		"it went bad":           {one, with(func(s *v1alpha1.PluginStatus) { s.Problem = "away" }), 0, true, 0},
		"it came back":          {with(func(s *v1alpha1.PluginStatus) { s.Problem = "away" }), one, 0, true, 0},
		"another floor":         {one, with(func(s *v1alpha1.PluginStatus) { s.Replicas = 6 }), 0, true, 0},
		"the first answer":      {with(func(s *v1alpha1.PluginStatus) { s.LastAnswer = nil }), one, 0, true, 0},
		"no answer yet":         {with(func(s *v1alpha1.PluginStatus) { s.LastAnswer, s.Problem = nil, "a" }), with(func(s *v1alpha1.PluginStatus) { s.LastAnswer, s.Problem = nil, "b" }), 0, false, 0},
		"another value":         {one, with(func(s *v1alpha1.PluginStatus) { s.Value = "24" }), 0, false, 40 * time.Second},
		"only heard":            {one, with(func(*v1alpha1.PluginStatus) {}), 10 * time.Minute, false, 5*time.Minute - 20*time.Second},
		"only heard, soon over": {one, with(func(*v1alpha1.PluginStatus) {}), time.Second, false, 40 * time.Second},
		"by default":            {one, with(func(*v1alpha1.PluginStatus) {}), 0, false, 150*time.Second - 20*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			plugin := v1alpha1.ScalingPlugin{Name: "queue"}
			if tc.keepLast > 0 {
				plugin.KeepLast = &metav1.Duration{Duration: tc.keepLast}
			}
			due, in := Due(tc.written, tc.now, []v1alpha1.ScalingPlugin{plugin}, at)
			if due != tc.due || in != tc.in {
				t.Errorf("got %v, %s; want %v, %s", due, in, tc.due, tc.in)
			}
			if !due && in > 0 {
				if due, _ = Due(tc.written, tc.now, []v1alpha1.ScalingPlugin{plugin}, at.Add(in)); !due {
					t.Errorf("not due after %s", in)
				}
			}
		})
	}
}

// Metrics are those of the plugins that are asked now.
func TestMetrics(t *testing.T) {
	s := serve(t, nil)
	s.setValue(23)
	policy := policyOf(quick(s), v1alpha1.ScalingPlugin{Name: "lost"})
	policy.Spec.Plugins[0].Interval.Duration = time.Hour
	g := run(t, policy)
	eventually(t, "5 Pods, and a problem", func() bool { return g.floor() == "plugin/queue 5" && g.Statuses(shop)[1].Problem != "" })
	const want = `
# HELP knative_guard_plugin_floor How many Pods the plugin asks for, stabilised.
# TYPE knative_guard_plugin_floor gauge
knative_guard_plugin_floor{namespace="default",plugin="lost",policy="shop"} 0
knative_guard_plugin_floor{namespace="default",plugin="queue",policy="shop"} 5
# HELP knative_guard_plugin_questions_total Questions to the plugin since it was asked first, by what came of them.
# TYPE knative_guard_plugin_questions_total counter
knative_guard_plugin_questions_total{namespace="default",plugin="lost",policy="shop",result="answered"} 0
knative_guard_plugin_questions_total{namespace="default",plugin="lost",policy="shop",result="failed"} 1
knative_guard_plugin_questions_total{namespace="default",plugin="queue",policy="shop",result="answered"} 1
knative_guard_plugin_questions_total{namespace="default",plugin="queue",policy="shop",result="failed"} 0
# HELP knative_guard_plugin_up Whether the plugin's last answer was one: 1, or 0 where it failed or was not heard of yet.
# TYPE knative_guard_plugin_up gauge
knative_guard_plugin_up{namespace="default",plugin="lost",policy="shop"} 0
knative_guard_plugin_up{namespace="default",plugin="queue",policy="shop"} 1
`
	if err := testutil.CollectAndCompare(g, strings.NewReader(want), "knative_guard_plugin_floor", "knative_guard_plugin_questions_total", "knative_guard_plugin_up"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(g, "knative_guard_plugin_last_answer_timestamp_seconds"); n != 1 {
		t.Errorf("%d times of an answer", n)
	}
	g.Remove(shop)
	g.Lookup = nil
	if n := testutil.CollectAndCount(g); n != 0 {
		t.Errorf("%d metrics of a policy that is gone", n)
	}
}
