package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// reading is what one run of the CLI took.
type reading struct {
	wall time.Duration
	peak int64 // bytes, of the largest provider process
}

// watched runs the CLI and watches the memory of the providers that it starts.
func watched(ctx context.Context, cli *testenv.CLI, args ...string) (reading, error) {
	done := make(chan int64)
	stop := make(chan struct{})
	go func() {
		var peak int64
		for {
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(10 * time.Millisecond):
				peak = max(peak, providersPeak(cli.Dir))
			}
		}
	}()
	start := time.Now()
	err := cli.Quiet(ctx, args...)
	wall := time.Since(start)
	close(stop)
	return reading{wall, <-done}, err
}

// providersPeak is the high-water mark of the processes that run the provider of a working directory.
func providersPeak(dir string) int64 {
	var peak int64
	procs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range procs {
		target, err := os.Readlink(exe)
		if err != nil || !strings.HasPrefix(target, dir) {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "status"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			var kb int64
			if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
				peak = max(peak, kb<<10)
			}
		}
	}
	return peak
}

// stopController stops Knative's controller, and gives a function that starts it again.
func stopController(ctx context.Context, c *testenv.Cluster) (func(), error) {
	if !c.OnBed {
		return nil, fmt.Errorf("the benchmarks stop Knative's controller: they run on the bed only, and KUBECONFIG names %s", c.Config.Host)
	}
	scale := func(ctx context.Context, replicas int) error {
		_, err := c.Kube.AppsV1().Deployments("knative-serving").Patch(ctx, "controller", types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{})
		return err
	}
	if err := scale(ctx, 0); err != nil {
		return nil, err
	}
	return func() {
		if err := scale(context.WithoutCancel(ctx), 1); err != nil {
			fmt.Fprintln(os.Stderr, "bench: start Knative's controller again:", err)
		}
	}, nil
}
