package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"knative.dev/serving/pkg/autoscaler/metrics"

	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// statsPort is where a queue-proxy says how many requests it has. Source: knative.dev/serving v0.50.0, pkg/networking/constants.go,
// AutoscalingQueueMetricsPort.
const statsPort = "9090"

// doubt finds out whether a Pod has an event of a replica that dispatched before this one and was killed, or is still stopping. A
// queue-proxy tells each second how many requests it had on average over that second: of a second that ended after this replica
// began, 0 means that the Pod has had none since.
type doubt struct {
	client *http.Client
	// again is between two questions. A Pod of which nothing is to be had for patience is trusted: its queue-proxy lets in one at a
	// time whatever happens.
	again, patience time.Duration
	url             func(endpoint) string
}

func newDoubt() *doubt {
	return &doubt{
		client: &http.Client{Timeout: connect, Transport: &http.Transport{DisableKeepAlives: true}}, again: 250 * time.Millisecond, patience: 5 * time.Second,
		url: func(e endpoint) string {
			host, _, _ := net.SplitHostPort(e.address)
			return "http://" + net.JoinHostPort(host, statsPort) + "/metrics"
		},
	}
}

// resolve asks until the Pod is free, and then lets it take events.
func (d *doubt) resolve(ctx context.Context, t *target, pod dispatch.Pod, e endpoint) {
	var first float64
	known, since := false, time.Now()
	for t.doubts(pod) && ctx.Err() == nil {
		stat, err := d.ask(ctx, e)
		switch {
		case err != nil && time.Since(since) > d.patience:
			t.trust(pod)
			return
		case err != nil:
		case !known:
			known, first = true, stat.ProcessUptime
		case stat.ProcessUptime > first && stat.AverageConcurrentRequests == 0:
			t.trust(pod)
			return
		}
		if err == nil {
			since = time.Now()
		}
		time.Sleep(d.again)
	}
}

func (d *doubt) ask(ctx context.Context, e endpoint) (metrics.Stat, error) {
	var stat metrics.Stat
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url(e), http.NoBody)
	if err != nil {
		return stat, err
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return stat, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return stat, err
	}
	if resp.StatusCode != http.StatusOK {
		return stat, fmt.Errorf("%s: %s", d.url(e), resp.Status)
	}
	err = stat.Unmarshal(data)
	return stat, err
}
