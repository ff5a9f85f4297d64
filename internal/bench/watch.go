package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// reading is what one run of the CLI took.
type reading struct {
	wall, cpu, providerCPU time.Duration // cpu is the CLI's own
	peak                   int64         // bytes, of the largest provider process
}

// watched runs the CLI, and watches the providers that it starts.
func watched(ctx context.Context, cli *testenv.CLI, args ...string) (reading, error) {
	done := make(chan map[string]usage)
	stop := make(chan struct{})
	go func() {
		providers := map[string]usage{}
		for {
			look(cli.Dir, providers)
			select {
			case <-stop:
				done <- providers
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	cmd := cli.Command(ctx, args...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	got := reading{wall: time.Since(start)}
	close(stop)
	for _, p := range <-done {
		got.providerCPU += p.cpu
		got.peak = max(got.peak, p.peak)
	}
	if err != nil {
		return got, fmt.Errorf("%w\n%s", err, out)
	}
	// The CLI has waited for its providers, so their time is in its own.
	got.cpu = max(0, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()-got.providerCPU)
	return got, nil
}

// usage is what a process has used up to now.
type usage struct {
	cpu  time.Duration
	peak int64
}

// clockTick is the unit of CPU time in /proc: USER_HZ, 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// look reads what the provider processes of a working directory have used.
func look(dir string, into map[string]usage) {
	procs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range procs {
		target, err := os.Readlink(exe)
		if err != nil || !strings.HasPrefix(target, dir) {
			continue
		}
		u := into[exe]
		if status, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "status")); err == nil {
			for line := range strings.Lines(string(status)) {
				var kb int64
				if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
					u.peak = max(u.peak, kb<<10)
				}
			}
		}
		if stat, err := os.ReadFile(filepath.Join(filepath.Dir(exe), "stat")); err == nil {
			u.cpu = max(u.cpu, cpuTime(stat))
		}
		into[exe] = u
	}
}

// cpuTime reads /proc/PID/stat.
func cpuTime(stat []byte) time.Duration {
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * clockTick
}

// withoutController does something while Knative's controller is stopped, so that what is measured is not it.
func withoutController(ctx context.Context, c *testenv.Cluster, do func() error) error {
	if !c.OnBed {
		return fmt.Errorf("the benchmarks stop Knative's controller: they run on the bed only, and KUBECONFIG names %s", c.Config.Host)
	}
	scale := func(ctx context.Context, replicas int) error {
		_, err := c.Kube.AppsV1().Deployments("knative-serving").Patch(ctx, "controller", types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas), metav1.PatchOptions{})
		return err
	}
	if err := scale(ctx, 0); err != nil {
		return err
	}
	err := testenv.Eventually(ctx, time.Minute, func(ctx context.Context) error {
		pods, err := c.Kube.CoreV1().Pods("knative-serving").List(ctx, metav1.ListOptions{LabelSelector: "app=controller"})
		if err == nil && len(pods.Items) > 0 {
			err = errors.New("the controller is still there")
		}
		return err
	})
	if err == nil {
		err = do()
	}
	return errors.Join(err, scale(context.WithoutCancel(ctx), 1))
}

// machine says where the numbers were taken.
func machine(ctx context.Context) string {
	cpu := "an unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
			}
		}
	}
	version, _ := exec.CommandContext(ctx, os.Getenv("TF_ACC_TERRAFORM_PATH"), "version").Output()
	first, _, _ := strings.Cut(string(version), "\n")
	return fmt.Sprintf("%s, %d cores of %s, %s. The cluster runs on the same machine.", first, runtime.NumCPU(), cpu, time.Now().UTC().Format(time.DateOnly))
}
