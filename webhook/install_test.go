package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// bedRegistry is the bed's own, in memory: the cluster pulls from it, and this machine pushes to it.
const bedRegistry = bridge + ":5000"

// installation is a guard that Helm installs on the bed, as anyone would, for the namespace of the test only.
type installation struct {
	*guard
	system string // the namespace it is in, and the name of everything that it makes
	image  string
	bin    string // Helm's
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	g := connect(t)
	return &installation{guard: g, system: g.newNamespace("guard-system-"), bin: tool(t, "helm")}
}

// helm runs one command on the release.
func (i *installation) helm(ctx context.Context, args ...string) error {
	out, err := command(ctx, []string{"KUBECONFIG=" + i.Kubeconfig}, i.bin, append(args, "--namespace", i.system)...)
	if err != nil {
		return fmt.Errorf("helm %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// values are what a test on a shared cluster sets: the image, and whose changes are looked at.
func (i *installation) values() []string {
	repository, digest, _ := strings.Cut(i.image, "@")
	var out []string
	for _, v := range []string{
		"fullnameOverride=" + i.system, "image.repository=" + repository, "image.digest=" + digest,
		"namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=" + i.namespace, "extraArgs={--only-namespace=" + i.namespace + "}",
		"shutdown.drainSeconds=1", "shutdown.gracefulSeconds=2",
	} {
		out = append(out, "--set", v)
	}
	return out
}

// build makes the image with ko, for this machine only, and pushes it. The base is the one static image that is to be had without
// the internet: that of the tests' application, which runs as the same user.
func (i *installation) build() {
	i.t.Helper()
	out, err := command(i.t.Context(), []string{"KO_DOCKER_REPO=" + bedRegistry + "/knative-guard", "KO_DEFAULTBASEIMAGE=" + i.Image},
		tool(i.t, "ko"), "build", "--bare", "--insecure-registry", "--sbom", "none", "--platform", "linux/"+runtime.GOARCH, "./webhook")
	if err != nil {
		i.t.Fatalf("ko: %v\n%s", err, out)
	}
	i.image = strings.TrimSpace(out)
}

// tool is the path of a tool that internal/tools pins.
func tool(t *testing.T, name string) string {
	t.Helper()
	out, err := command(t.Context(), nil, "internal/tools/build", name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// command runs a command at the top of the repository and gives its standard output, or its standard error where it fails.
func command(ctx context.Context, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = "..", append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return stderr.String(), err
	}
	return string(out), nil
}
