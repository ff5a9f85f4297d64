package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// measureRollback measures from the start of the command `terraform apply` of a rollback to the last answer of the bad
// Revision, with requests flowing all the time. Both Revisions are warm.
func measureRollback(ctx context.Context, cluster *testenv.Cluster, rounds int) error {
	namespace, remove, err := cluster.Namespace(ctx, "bench-")
	if err != nil {
		return err
	}
	defer func() { _ = remove(context.WithoutCancel(ctx)) }()
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cli, err := testenv.NewCLI(ctx, filepath.Join(dir, "rollback"), map[string]string{"main.tf": release(namespace, cluster.Image)}, map[string]string{"KUBE_CONFIG_PATH": cluster.Kubeconfig})
	if err != nil {
		return err
	}
	to := func(revision, all string) error {
		return cli.Quiet(ctx, "apply", "-auto-approve", "-no-color", "-input=false", "-var=revision="+revision, "-var=all="+all)
	}
	if err := to("v1", "v1"); err != nil {
		return err
	}
	defer func() {
		_ = cli.Quiet(context.WithoutCancel(ctx), "destroy", "-auto-approve", "-no-color", "-input=false")
	}()
	var took, last []time.Duration
	for range rounds {
		if err := to("v2", "v2"); err != nil {
			return err
		}
		seen, stop := listen(ctx, "http://hello."+namespace+".localhost", "hello-v2")
		time.Sleep(time.Second)
		start := time.Now()
		if err := to("v2", "v1"); err != nil {
			return err
		}
		took = append(took, time.Since(start))
		time.Sleep(2 * time.Second) // for answers that come late
		stop()
		at, err := seen()
		if err != nil {
			return err
		}
		last = append(last, at.Sub(start))
	}
	slices.Sort(took)
	slices.Sort(last)
	fmt.Printf("\n### `terraform apply` of a rollback, %d times\n\n| | median | worst |\n|---|---|---|\n| until the last answer of the bad Revision | %s | %s |\n| until the command ends | %s | %s |\n",
		rounds, seconds(last[rounds/2]), seconds(last[rounds-1]), seconds(took[rounds/2]), seconds(took[rounds-1]))
	return nil
}

// listen sends requests until it is stopped, and then says when the bad Revision answered last. An answer that failed is an error.
func listen(ctx context.Context, url, bad string) (seen func() (time.Time, error), stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var mu sync.Mutex
	var last time.Time
	var failed error
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			client := testenv.Client()
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				answer, err := testenv.Answer(ctx, client, url)
				mu.Lock()
				if err != nil && ctx.Err() == nil && failed == nil {
					failed = err
				}
				if strings.Contains(answer, bad) {
					last = time.Now()
				}
				mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return func() (time.Time, error) {
			if failed == nil && last.IsZero() {
				failed = fmt.Errorf("%s never answered", bad)
			}
			return last, failed
		}, func() {
			cancel()
			all.Wait()
		}
}

func release(namespace, image string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    knative = { source = "registry.terraform.io/knative-provider/knative" }
  }
}
provider "knative" {
  namespace = %q
}
variable "revision" {}
variable "all" {}
resource "knative_service" "hello" {
  name = "hello"
  template {
    name = "hello-${var.revision}"
    containers {
      image = %q
      env {
        name  = "TARGET"
        value = "hello-${var.revision}"
      }
    }
    scaling {
      min_scale = 1
    }
  }
}
resource "knative_traffic_split" "hello" {
  service = knative_service.hello.name
  traffic {
    revision_name = "hello-${var.all}"
    percent       = 100
  }
}
`, namespace, image)
}
