package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// cli is a Terraform or OpenTofu in a working directory that stays after the demo, so that people can go on from there.
type cli struct {
	bin, dir, version, url string
	env                    map[string]string
}

// prepare makes the working directory: the example, the provider as built from this checkout, and a CLI that finds it.
func prepare(ctx context.Context, cluster *testenv.Cluster) (*cli, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "terraform-provider-knative", "demo")
	c := &cli{bin: os.Getenv("TF_ACC_TERRAFORM_PATH"), dir: dir, env: map[string]string{
		"KUBE_CONFIG_PATH":   cluster.Kubeconfig,
		"TF_CLI_CONFIG_FILE": filepath.Join(dir, "cli.tfrc"),
		"TF_VAR_namespace":   namespace,
		"TF_VAR_image":       cluster.Image,
		"CHECKPOINT_DISABLE": "1",
	}}
	if c.bin == "" {
		return nil, errors.New("TF_ACC_TERRAFORM_PATH names no Terraform: run `make demo`, which finds or builds one")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	example, err := os.ReadFile("examples/canary/main.tf")
	if err != nil {
		return nil, fmt.Errorf("run the demo at the top of the repository: %w", err)
	}
	mirror := filepath.Join(dir, "mirror")
	files := map[string]string{
		"main.tf":  string(example),
		"cli.tfrc": fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror),
		"env":      c.exports(),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	install := exec.CommandContext(ctx, "internal/tools/install")
	install.Env = append(os.Environ(), "PLUGIN_MIRROR="+mirror)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	// The lock file holds the checksum of the provider as it was built last time.
	if err := os.Remove(filepath.Join(dir, ".terraform.lock.hcl")); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if out, err := c.command(ctx, "init", "-no-color", "-input=false").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("init: %w\n%s", err, out)
	}
	out, err := c.command(ctx, "version").Output()
	c.version, _, _ = strings.Cut(string(out), "\n")
	return c, err
}

func (c *cli) name() string { return filepath.Base(c.bin) }

// exports is the environment as a file to source, for whoever goes on by hand.
func (c *cli) exports() string {
	var b strings.Builder
	for k, v := range c.env {
		fmt.Fprintf(&b, "export %s=%q\n", k, v)
	}
	return b.String()
}

func (c *cli) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.bin, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it saves its state then
	cmd.Dir, cmd.Env = c.dir, os.Environ()
	for k, v := range c.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// show runs a command with its output on the screen.
func (c *cli) show(ctx context.Context, args ...string) error {
	fmt.Printf("$ %s %s\n", c.name(), strings.Join(args, " "))
	cmd := c.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// clean ends what an earlier demo left, so that the story begins at its beginning.
func (c *cli) clean(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.dir, "terraform.tfstate")); os.IsNotExist(err) {
		return nil
	}
	left, err := c.command(ctx, "state", "list").Output()
	if err != nil || len(left) == 0 {
		return err
	}
	fmt.Println("an earlier demo is still there: destroying it first (its Pods drain for half a minute)")
	if out, err := c.command(ctx, "destroy", "-auto-approve", "-no-color").CombinedOutput(); err != nil {
		return fmt.Errorf("destroy: %w\n%s", err, out)
	}
	return nil
}

// apply sets the step's variables where a person's next apply finds them too, plans, and applies that plan.
func (c *cli) apply(ctx context.Context, s step) error {
	vars, err := json.MarshalIndent(map[string]any{"release": s.release, "split": s.split}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, "terraform.tfvars.json"), vars, 0o600); err != nil {
		return err
	}
	fmt.Printf("terraform.tfvars.json: %s\n", vars)
	if err := c.show(ctx, "plan", "-input=false", "-out=step.tfplan"); err != nil {
		return err
	}
	return c.show(ctx, "apply", "-input=false", "step.tfplan")
}

// planIsEmpty plans again: after an apply there is nothing left to do.
func (c *cli) planIsEmpty(ctx context.Context) error {
	err := c.show(ctx, "plan", "-input=false", "-detailed-exitcode")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return errNotEmpty
	}
	return err
}

func (c *cli) output(ctx context.Context, name string) (string, error) {
	out, err := c.command(ctx, "output", "-raw", name).Output()
	c.url = string(out)
	return c.url, err
}
