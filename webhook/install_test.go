package main

import (
	"context"
	"strings"
	"testing"
)

// installation is a guard that Helm installs on the bed, as anyone would, for the namespace of the test only.
type installation struct {
	*guard
	system string // the namespace it is in, and the name of everything that it makes
	image  string
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	g := connect(t)
	return &installation{guard: g, system: g.newNamespace("guard-system-")}
}

// helm runs one command on the release, at the top of the repository.
func (i *installation) helm(ctx context.Context, args ...string) error {
	return i.Helm(ctx, "..", i.system, args...)
}

// values are what a test on a shared cluster sets: the image, and whose changes are looked at. The controllers go by it as well. SLBIngresses
// are in no namespace, so those of other tests would be this guard's to carry out, and would keep its finalizer when it is gone.
func (i *installation) values() []string {
	repository, digest, _ := strings.Cut(i.image, "@")
	var out []string
	for _, v := range []string{
		"fullnameOverride=" + i.system, "image.repository=" + repository, "image.digest=" + digest,
		"namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=" + i.namespace,
		"shutdown.drainSeconds=1", "shutdown.gracefulSeconds=2", "slb.enabled=false",
	} {
		out = append(out, "--set", v)
	}
	return out
}
