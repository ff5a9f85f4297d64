package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// contestant is one way to have n Services, or n of nothing.
type contestant struct {
	name   string
	config func(n int, namespace string) string
	// install puts the provider into a mirror; nil for what needs none, and for ours, which testenv builds.
	install func(ctx context.Context, mirror string) error
}

var (
	ours    = contestant{name: "knative_service", config: services}
	floor   = contestant{name: "terraform_data", config: nothing}
	kubectl = contestant{name: "kubectl_manifest", config: manifests, install: installKubectl}
)

// workspace is where a contestant works: a CLI in a directory, a namespace, and the proxy between them.
type workspace struct {
	*testenv.CLI
	proxy     *testenv.Proxy
	namespace string
}

// inNamespace gives a contestant a namespace, a proxy that counts, and a working directory, all gone afterwards.
func (c contestant) inNamespace(ctx context.Context, cluster *testenv.Cluster, n int, do func(workspace) error) error {
	namespace, remove, err := cluster.Namespace(ctx, "bench-")
	if err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_ = remove(ctx)
		_ = cluster.Gone(ctx, namespace) // what is being deleted costs whoever is measured next
	}()
	p, err := testenv.NewProxy(cluster.Config)
	if err != nil {
		return err
	}
	defer p.Cut()
	dir, err := os.MkdirTemp("", "knative-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cli, err := c.prepare(ctx, dir, n, namespace, p.URL)
	if err != nil {
		return err
	}
	return do(workspace{cli, p, namespace})
}

func (c contestant) prepare(ctx context.Context, dir string, n int, namespace, host string) (*testenv.CLI, error) {
	dir = filepath.Join(dir, c.name)
	if c.install != nil {
		if err := c.install(ctx, filepath.Join(dir, "mirror")); err != nil {
			return nil, err
		}
	}
	return testenv.NewCLI(ctx, dir, map[string]string{"main.tf": c.config(n, namespace)}, map[string]string{"KUBE_HOST": host, "KUBE_LOAD_CONFIG_FILE": "false"})
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
variable "team" { default = "bench" }
variable "wait" { default = false }
resource "knative_service" "s" {
  count          = %d
  name           = "s-${count.index}"
  wait_for_ready = var.wait
  labels         = { team = var.team }
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

func manifests(n int, namespace string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    kubectl = { source = "registry.terraform.io/gavinbunney/kubectl" }
  }
}
provider "kubectl" {}
resource "kubectl_manifest" "s" {
  count     = %d
  yaml_body = <<-EOT
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata:
      name: s-${count.index}
      namespace: %s
      labels: {team: bench}
    spec:
      template:
        metadata:
          annotations: {autoscaling.knative.dev/max-scale: "3"}
        spec:
          containers:
          - image: example.com/app:v1
            env: [{name: INDEX, value: "${count.index}"}]
            resources: {requests: {cpu: 100m, memory: 64Mi}}
  EOT
}
`, n, namespace)
}

func nothing(n int, _ string) string {
	return fmt.Sprintf("resource \"terraform_data\" \"d\" {\n  count = %d\n  input = \"s-${count.index}\"\n}\n", n)
}

const kubectlVersion = "1.19.0"

// installKubectl builds the provider that internal/tools/kubectl-provider pins.
func installKubectl(ctx context.Context, mirror string) error {
	build := exec.CommandContext(ctx, "internal/tools/build", "kubectl-provider")
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		return err
	}
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "gavinbunney", "kubectl", kubectlVersion, runtime.GOOS+"_"+runtime.GOARCH)
		if err := copyFile(strings.TrimSpace(string(path)), filepath.Join(dir, "terraform-provider-kubectl_v"+kubectlVersion)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o750)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
