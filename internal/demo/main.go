// Command demo plays what this project does on a real cluster, with the real Terraform or OpenTofu, act by act. `make demo` runs it
// with all that it needs.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const namespace = "knative-demo"

// act is a part of the play, in a file of its own. It goes on from where the one before it ended.
type act struct {
	title string
	play  func(context.Context, *theater) error
}

var acts = []act{
	{"A canary, and its rollback", canary},
	{"The guard: rules for everyone, and a rollback that nothing holds up", guard},
	{"How many Pods: a schedule and the CPU, the larger of both", scaling},
	{"Events: as many Pods as events, each alone in its Pod, and none without", events},
	{"A load balancer of Alibaba Cloud in front, straight to the Pods", slb},
}

// theater is where acts play.
type theater struct {
	*testenv.Cluster
	tf *stage
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	start := time.Now()
	cluster, err := testenv.Connect(ctx)
	if err != nil {
		return err
	}
	if err := cluster.EnsureNamespace(ctx, namespace); err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	tf, err := prepare(ctx, cluster, filepath.Join(cache, "terraform-provider-knative", "demo"), "examples/canary/main.tf", namespace)
	if err != nil {
		return err
	}
	headline("Cluster %s, namespace %s, %s", cluster.Config.Host, namespace, tf.version)
	if err := tf.clean(ctx); err != nil {
		return err
	}
	for i, a := range acts {
		fmt.Printf("\n\n═══ %d. %s\n", i+1, a.title)
		if err := a.play(ctx, &theater{cluster, tf}); err != nil {
			return fmt.Errorf("%s: %w", a.title, err)
		}
	}
	farewell(tf, cluster, time.Since(start))
	return nil
}

func headline(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Printf("\n%s\n%s\n", text, strings.Repeat("─", len([]rune(text))))
}

func farewell(tf *stage, cluster *testenv.Cluster, took time.Duration) {
	headline("Done in %s", took.Round(time.Second))
	fmt.Printf(`Look around:
  export KUBECONFIG=%s
  kubectl -n %s get services.serving.knative.dev,revisions,routes
  curl %s
  cd %s && source ./env    # the configuration that was applied, with its state: change it, plan, apply

Tear down:
  (cd %[4]s && source ./env && %s destroy)
  make cluster-down    # where the demo brought the cluster up
`, cluster.Kubeconfig, namespace, tf.url, tf.Dir, tf.Bin)
}
