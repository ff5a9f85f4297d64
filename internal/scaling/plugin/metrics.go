package plugin

import (
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	labels    = []string{"namespace", "policy", "plugin"}
	up        = prometheus.NewDesc("knative_guard_plugin_up", "Whether the plugin's last answer was one: 1, or 0 where it failed or was not heard of yet.", labels, nil)
	floors    = prometheus.NewDesc("knative_guard_plugin_floor", "How many Pods the plugin asks for, stabilised.", labels, nil)
	answered  = prometheus.NewDesc("knative_guard_plugin_last_answer_timestamp_seconds", "When the plugin last answered.", labels, nil)
	questions = prometheus.NewDesc("knative_guard_plugin_questions_total", "Questions to the plugin since it was asked first, by what came of them.", append([]string{"result"}, labels...), nil)
)

// Describe is prometheus.Collector's.
func (r *Runner) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{up, floors, answered, questions} {
		ch <- d
	}
}

// Collect is prometheus.Collector's: of the plugins that are asked now, and of no others.
func (r *Runner) Collect(ch chan<- prometheus.Metric) {
	r.mu.Lock()
	policies := maps.Clone(r.policies)
	r.mu.Unlock()
	now := time.Now()
	for policy, workers := range policies {
		for _, w := range workers {
			s := w.status(now)
			w.mu.Lock()
			works, asks := !w.demand.Last().IsZero() && w.problem == "", w.asks
			w.mu.Unlock()
			of := []string{policy.Namespace, policy.Name, s.Name}
			gauge := func(d *prometheus.Desc, v float64) {
				ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, of...)
			}
			gauge(up, map[bool]float64{true: 1}[works])
			gauge(floors, float64(s.Replicas))
			if s.LastAnswer != nil {
				gauge(answered, float64(s.LastAnswer.Unix()))
			}
			for i, result := range []string{"answered", "failed"} {
				ch <- prometheus.MustNewConstMetric(questions, prometheus.CounterValue, float64(asks[i]), append([]string{result}, of...)...)
			}
		}
	}
}
