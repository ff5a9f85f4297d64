package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// program is a group of binaries that one `go build` makes.
type program struct {
	name     string
	module   string // its directory, from this module's
	packages []string
	sources  []string // directories of our own sources, if it has any
	ldflags  string
	slow     string
}

const (
	kubeLdflags = " -X k8s.io/component-base/version.gitVersion=" + kubeVersion +
		" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35" +
		" -X k8s.io/client-go/pkg/version.gitVersion=" + kubeVersion
	traefikLdflags = " -X github.com/traefik/traefik/v3/pkg/version.Version=" + traefikVersion
)

var knativePrograms = []string{"controller", "webhook", "autoscaler", "autoscaler-hpa", "activator", "queue"}

func programs() []program {
	var knative []string
	for _, p := range knativePrograms {
		knative = append(knative, "knative.dev/serving/cmd/"+p)
	}
	return []program{
		{name: "kube", module: ".", packages: []string{"./cmd/kube"}, sources: []string{"cmd/kube"}, ldflags: kubeLdflags, slow: "6 min"},
		{name: "small", module: ".", packages: []string{"./cmd/pause", "./cmd/registry"}, sources: []string{"cmd/pause", "cmd/registry"}},
		{name: "app", module: ".", packages: []string{"./cmd/app"}, sources: []string{"cmd/app"}},
		{name: "coredns", module: ".", packages: []string{"./cmd/coredns"}, sources: []string{"cmd/coredns"}},
		{name: "knative", module: ".", packages: knative, slow: "1 min"},
		{name: "metrics-server", module: "modules/metrics-server", packages: []string{"sigs.k8s.io/metrics-server/cmd/metrics-server"}, slow: "2 min"},
		{name: "traefik", module: "modules/traefik", packages: []string{"github.com/traefik/traefik/v3/cmd/traefik"}, ldflags: traefikLdflags, slow: "7 min"},
	}
}

// artifact is the program as something to be cached.
func (p program) artifact(c config) (artifact, error) {
	flags := p.flags()
	paths := append([]string{filepath.Join(p.module, "go.mod"), filepath.Join(p.module, "go.sum")}, p.sources...)
	values := append([]string{runtime.Version(), runtime.GOARCH}, append(flags, p.packages...)...)
	key, err := treeKey(c.Source, paths, values...)
	return artifact{name: p.name, key: key, slow: p.slow, make: func(ctx context.Context, dir string) error { return p.build(ctx, c, dir) }}, err
}

func (p program) flags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w" + p.ldflags}
}

func (p program) build(ctx context.Context, c config, dir string) error {
	args := append([]string{"build", "-o", dir + "/"}, p.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, p.packages...)...)
	cmd.Dir = filepath.Join(c.Source, p.module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "PWD="+cmd.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(p.packages, " "), err, lastLines(string(out), 30))
	}
	return nil
}

// lastLines is the end of a long text.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
