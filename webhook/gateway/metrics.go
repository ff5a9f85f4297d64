package gateway

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "knative_guard_gateway_events_total", Help: "Events that have ended, by what came of them: answered by a Pod, or the reason of the gateway's own answer.",
	}, []string{"namespace", "policy", "result"})
	eventSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "knative_guard_gateway_event_seconds", Help: "How long events took, their wait for a Pod included.", Buckets: prometheus.ExponentialBuckets(0.01, 3, 11),
	}, []string{"namespace", "policy"})
	inFlightDesc = prometheus.NewDesc("knative_guard_gateway_events_in_flight", "Events that this replica holds now, in a Pod or waiting for one.", []string{"namespace", "policy", "where"}, nil)
)

func init() { metrics.Registry.MustRegister(eventsTotal, eventSeconds) }

// measure counts an event that has ended. One whose answer was cut off has no result.
func measure(c *call, took time.Duration) {
	key := c.target.key
	eventsTotal.WithLabelValues(key.Namespace, key.Name, cmp.Or(c.result, reasonCut)).Inc()
	eventSeconds.WithLabelValues(key.Namespace, key.Name).Observe(took.Seconds())
}

// Describe is for Prometheus.
func (t *targets) Describe(ch chan<- *prometheus.Desc) { ch <- inFlightDesc }

// Collect is for Prometheus.
func (t *targets) Collect(ch chan<- prometheus.Metric) {
	for _, one := range t.all() {
		inPods, waiting := one.inFlight()
		for where, n := range map[string]int{"pod": inPods, "waiting": waiting} {
			ch <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(n), one.key.Namespace, one.key.Name, where)
		}
	}
}
