package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cniDirs are where Debian's and Docker's packages put the CNI plugins.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin"}

// need is a Debian package and how to see that what it brings is there already, from wherever it came.
type need struct {
	pkg   string
	there func() bool
}

var needs = []need{
	{"containerd", func() bool { return onPath("containerd", "ctr", "containerd-shim-runc-v2") }},
	{"runc", func() bool { return onPath("runc") }},
	{"containernetworking-plugins", func() bool { _, err := cniDir(); return err == nil }},
	{"nftables", func() bool { return onPath("nft") }},
	{"conntrack", func() bool { return onPath("conntrack") }},
}

func onPath(programs ...string) bool {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return false
		}
	}
	return true
}

func cniDir() (string, error) {
	for _, d := range cniDirs {
		if _, err := os.Stat(filepath.Join(d, "host-local")); err == nil {
			return d, nil
		}
	}
	return "", errors.New("the CNI plugins are missing")
}

func missingPackages() []string {
	var missing []string
	for _, n := range needs {
		if !n.there() {
			missing = append(missing, n.pkg)
		}
	}
	return missing
}

// installPackages installs what is missing, and nothing else.
func installPackages(ctx context.Context, p *progress) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if !onPath("apt-get") {
		return fmt.Errorf("missing: %s. This is no Debian-like machine: install them with its own package manager, then try again", list)
	}
	return p.timed("installing Debian packages: "+list, func() error {
		if err := apt(ctx, "update"); err != nil {
			return err
		}
		if err := apt(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...); err != nil {
			return err
		}
		if still := missingPackages(); len(still) > 0 {
			return fmt.Errorf("still missing after apt-get install: %s", strings.Join(still, " "))
		}
		return nil
	})
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, lastLines(string(out), 15))
	}
	return nil
}
