package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const (
	// scaled is how many policies there are, each with a Service of one Revision.
	scaled = 5000
	// scaledRest is for how long the guard is left alone, for what it uses at rest.
	scaledRest = 30 * time.Second
)

// measurePolicies has the guard, on one core, carry out 5,000 ScalingPolicies. They, their Services and Revisions are made up on the way
// from the API server to the guard, and what it writes ends there: it is the guard that is looked at. An edge is over when the guard's
// request with min-scale has come in; the bed's own API server takes some 10 ms beyond that (facts/knative.md: 0.2 s to the Deployment).
// First their windows begin in the course of a minute, 83 or 84 each second, then all of them end at the same moment.
func measurePolicies(ctx context.Context, cluster *testenv.Cluster) error {
	without, err := runScaled(ctx, cluster, 0)
	if err != nil {
		return err
	}
	with, err := runScaled(ctx, cluster, scaled)
	if err != nil {
		return err
	}
	fmt.Printf("\n### %d ScalingPolicies\n\n| edge → min-scale sent | p50 | p99 | last |\n|---|---|---|---|\n", scaled)
	for _, row := range []struct {
		what string
		late []time.Duration
	}{{"windows begin in the course of a minute", with.spread}, {"all windows end at one moment", with.atOnce}} {
		slices.Sort(row.late)
		n := len(row.late)
		fmt.Printf("| %s | %.0f ms | %.0f ms | %.0f ms |\n", row.what, millis(row.late[n/2]), millis(row.late[n*99/100]), millis(row.late[n-1]))
	}
	fmt.Printf("\n| | no policy | %d policies |\n|---|---|---|\n| resident, at rest | %d MiB | %d MiB |\n| CPU at rest, of a core | %.2f %% | %.2f %% |\n",
		scaled, without.resident>>20, with.resident>>20, without.idle*100, with.idle*100)
	fmt.Printf("\nWritten until it came to rest, %s after the start: %v; to the end: %v.\n", seconds(with.settled), with.looked, with.wrote)
	return nil
}

// scaledRun is what was measured of one guard.
type scaledRun struct {
	settled        time.Duration
	looked, wrote  map[string]int // requests that write, by kind: until it came to rest, and until the end
	idle           float64        // of a core
	resident       int64
	spread, atOnce []time.Duration
}

func runScaled(ctx context.Context, cluster *testenv.Cluster, policies int) (out scaledRun, err error) {
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return out, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := cluster.GuardCRDs(ctx); err != nil {
		return out, err
	}
	// Enough time for the guard to start, to look at all, and to rest.
	first := time.Now().Add(3 * time.Minute).Truncate(time.Minute)
	api, err := newScaledAPI(cluster, policies, first)
	if err != nil {
		return out, err
	}
	server := httptest.NewServer(api)
	defer server.Close()
	defer server.CloseClientConnections() // watches would not end
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, server.URL); err != nil {
		return out, err
	}
	began := time.Now()
	guard, stop, err := startGuard(ctx, kubeconfig, dir, "-namespace", scaledNamespace, "-only-namespace", scaledNamespace)
	if err != nil {
		return out, err
	}
	defer stop()
	if err := idle(ctx, guard.pid); err != nil {
		return out, fmt.Errorf("%w: after %s of CPU it has written %v", err, seconds(cpuOf(guard.pid)), api.written())
	}
	out.looked = api.written()
	out.settled = time.Since(began)
	before := cpuOf(guard.pid)
	if err := pause(ctx, scaledRest); err != nil {
		return out, err
	}
	out.idle, out.resident = (cpuOf(guard.pid)-before).Seconds()/scaledRest.Seconds(), memoryOf(guard.pid)["VmRSS"]
	if policies == 0 {
		return out, nil
	}
	if !time.Now().Before(first) {
		return out, fmt.Errorf("the guard came to rest after %s only: the first window has begun already", seconds(out.settled))
	}
	if err := pause(ctx, time.Until(api.end.Add(20*time.Second))); err != nil {
		return out, err
	}
	out.spread, out.atOnce = api.late()
	out.wrote = api.written()
	if len(out.spread) != policies || len(out.atOnce) != policies {
		return out, fmt.Errorf("of %d windows %d began and %d ended", policies, len(out.spread), len(out.atOnce))
	}
	return out, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
