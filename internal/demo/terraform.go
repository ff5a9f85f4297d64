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

// stage is where the demo plays: a working directory that stays after it, so that people can go on from there.
type stage struct {
	*testenv.CLI
	version, url string
}

func prepare(ctx context.Context, cluster *testenv.Cluster) (*stage, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	example, err := os.ReadFile("examples/canary/main.tf")
	if err != nil {
		return nil, fmt.Errorf("run the demo at the top of the repository: %w", err)
	}
	cli, err := testenv.NewCLI(ctx, filepath.Join(cache, "terraform-provider-knative", "demo"),
		map[string]string{"main.tf": string(example)},
		map[string]string{"KUBE_CONFIG_PATH": cluster.Kubeconfig, "TF_VAR_namespace": namespace, "TF_VAR_image": cluster.Image})
	if err != nil {
		return nil, err
	}
	s := &stage{CLI: cli}
	out, err := s.Command(ctx, "version").Output()
	s.version, _, _ = strings.Cut(string(out), "\n")
	return s, err
}

// clean ends what an earlier demo left, so that the story begins at its beginning.
func (s *stage) clean(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.Dir, "terraform.tfstate")); os.IsNotExist(err) {
		return nil
	}
	left, err := s.Command(ctx, "state", "list").Output()
	if err != nil || len(left) == 0 {
		return err
	}
	fmt.Println("an earlier demo is still there: destroying it first (its Pods drain for half a minute)")
	return s.Quiet(ctx, "destroy", "-auto-approve", "-no-color")
}

// apply sets the step's variables where a person's next apply finds them too, plans, and applies that plan.
func (s *stage) apply(ctx context.Context, st step) error {
	vars, err := json.MarshalIndent(map[string]any{"release": st.release, "split": st.split}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "terraform.tfvars.json"), vars, 0o600); err != nil {
		return err
	}
	fmt.Printf("terraform.tfvars.json: %s\n", vars)
	if err := s.Show(ctx, "plan", "-input=false", "-out=step.tfplan"); err != nil {
		return err
	}
	return s.Show(ctx, "apply", "-input=false", "step.tfplan")
}

// planIsEmpty plans again: after an apply there is nothing left to do.
func (s *stage) planIsEmpty(ctx context.Context) error {
	err := s.Show(ctx, "plan", "-input=false", "-detailed-exitcode")
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 2 {
		return errNotEmpty
	}
	return err
}

func (s *stage) output(ctx context.Context, name string) (string, error) {
	out, err := s.Command(ctx, "output", "-raw", name).Output()
	s.url = string(out)
	return s.url, err
}
