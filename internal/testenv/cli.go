package testenv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// CLI is a real Terraform or OpenTofu in a working directory of its own, with the provider as built from this checkout.
type CLI struct {
	Bin, Dir string
	// Env is what it runs with, beside the environment of this process.
	Env map[string]string
}

// NewCLI prepares a working directory: files by name, and a local mirror with the provider. TF_ACC_TERRAFORM_PATH names the
// CLI. It runs anywhere in the repository.
func NewCLI(ctx context.Context, dir string, files, env map[string]string) (*CLI, error) {
	mirror := filepath.Join(dir, "mirror")
	if err := Build(ctx, mirror); err != nil {
		return nil, err
	}
	return NewCLIWith(ctx, mirror, dir, files, env)
}

// Build puts the provider, built from this checkout, into a mirror for any number of CLIs. It runs anywhere in the repository.
func Build(ctx context.Context, mirror string) error {
	top, err := repository(ctx)
	if err != nil {
		return err
	}
	install := exec.CommandContext(ctx, filepath.Join(top, "internal/tools/install"))
	install.Env = append(os.Environ(), "PLUGIN_MIRROR="+mirror)
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return nil
}

// NewCLIWith prepares a working directory with the provider of a mirror.
func NewCLIWith(ctx context.Context, mirror, dir string, files, env map[string]string) (*CLI, error) {
	c := &CLI{Bin: os.Getenv("TF_ACC_TERRAFORM_PATH"), Dir: dir, Env: map[string]string{
		"TF_CLI_CONFIG_FILE": filepath.Join(dir, "cli.tfrc"),
		"CHECKPOINT_DISABLE": "1",
	}}
	maps.Copy(c.Env, env)
	if c.Bin == "" {
		return nil, errors.New("TF_ACC_TERRAFORM_PATH names no Terraform: run this by make, which finds or builds one")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	all := map[string]string{"cli.tfrc": fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror), "env": c.exports()}
	maps.Copy(all, files)
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	// The lock file holds the checksum of the provider as it was built last time.
	if err := os.Remove(filepath.Join(dir, ".terraform.lock.hcl")); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := c.Quiet(ctx, "init", "-no-color", "-input=false"); err != nil {
		return nil, err
	}
	return c, nil
}

// exports is the environment as a file to source, for whoever goes on by hand.
func (c *CLI) exports() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(c.Env)) {
		fmt.Fprintf(&b, "export %s=%q\n", k, c.Env[k])
	}
	return b.String()
}

// Name is the CLI's name, as people type it.
func (c *CLI) Name() string { return filepath.Base(c.Bin) }

// Command prepares a run. An interrupt reaches the CLI as one, for it saves its state then.
func (c *CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Bin, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Dir, cmd.Env = c.Dir, os.Environ()
	for k, v := range c.Env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// Show runs a command with its output on the screen.
func (c *CLI) Show(ctx context.Context, args ...string) error {
	_, err := c.Shown(ctx, args...)
	return err
}

// Shown runs a command with its output on the screen, and gives it.
func (c *CLI) Shown(ctx context.Context, args ...string) (string, error) {
	fmt.Printf("$ %s %s\n", c.Name(), strings.Join(args, " "))
	var out bytes.Buffer
	cmd := c.Command(ctx, args...)
	cmd.Stdout = io.MultiWriter(os.Stdout, &out)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	return out.String(), err
}

// Quiet runs a command whose output only matters when it fails.
func (c *CLI) Quiet(ctx context.Context, args ...string) error {
	if out, err := c.Command(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", c.Name(), args[0], err, out)
	}
	return nil
}
