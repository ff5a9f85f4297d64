// Command bench measures the provider on a real cluster with the real CLI, beside the CLI's own floor: the same number of
// resources that do nothing. `make bench` runs it with all that it needs. Knative's controller is stopped meanwhile, so that
// what is measured is the provider.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

func main() {
	sizes := flag.String("n", "100,500,1000", "how many Services, a list")
	flag.Parse()
	if err := run(context.Background(), strings.Split(*sizes, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, sizes []string) error {
	cluster, err := testenv.Connect(ctx)
	if err != nil {
		return err
	}
	restart, err := stopController(ctx, cluster)
	if err != nil {
		return err
	}
	defer restart()
	fmt.Println("| Services | what | wall | beside terraform_data | API requests | provider's peak memory |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, size := range sizes {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		if err := measure(ctx, cluster, n); err != nil {
			return fmt.Errorf("%d Services: %w", n, err)
		}
	}
	return nil
}

// measure applies n Services and n resources that do nothing, each in a workspace of its own, and plans both again.
func measure(ctx context.Context, cluster *testenv.Cluster, n int) error {
	namespace, remove, err := cluster.Namespace(ctx, "bench-")
	if err != nil {
		return err
	}
	defer func() { _ = remove(context.WithoutCancel(ctx)) }()
	proxy, err := testenv.NewProxy(cluster.Config)
	if err != nil {
		return err
	}
	defer proxy.Cut()
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ours, err := testenv.NewCLI(ctx, filepath.Join(dir, "knative"), map[string]string{"main.tf": services(n, namespace)}, map[string]string{"KUBE_HOST": proxy.URL})
	if err != nil {
		return err
	}
	floor, err := testenv.NewCLI(ctx, filepath.Join(dir, "floor"), map[string]string{"main.tf": nothing(n)}, nil)
	if err != nil {
		return err
	}
	for _, what := range []struct {
		name string
		args []string
	}{
		{"apply", []string{"apply", "-auto-approve", "-no-color", "-input=false"}},
		{"refresh + plan", []string{"plan", "-no-color", "-input=false", "-detailed-exitcode"}},
	} {
		least, err := watched(ctx, floor, what.args...)
		if err != nil {
			return err
		}
		proxy.Reset()
		got, err := watched(ctx, ours, what.args...)
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %s | %s | %s | %d | %d MiB |\n", n, what.name, seconds(got.wall), seconds(least.wall), proxy.Count(), got.peak>>20)
	}
	return nil
}

func services(n int, namespace string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    knative = { source = "registry.terraform.io/knative-provider/knative" }
  }
}
provider "knative" {
  namespace = %q
}
resource "knative_service" "s" {
  count          = %d
  name           = "s-${count.index}"
  wait_for_ready = false
  labels         = { team = "bench" }
  template {
    containers {
      image = "example.com/app:v1"
      env {
        name  = "INDEX"
        value = count.index
      }
      resources {
        requests = { cpu = "100m", memory = "64Mi" }
      }
    }
    scaling {
      max_scale = 3
    }
  }
}
`, namespace, n)
}

func nothing(n int) string {
	return fmt.Sprintf("resource \"terraform_data\" \"d\" {\n  count = %d\n  input = \"s-${count.index}\"\n}\n", n)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
