package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	variables    map[string]any
	// ingress is where requests go; nil is the cluster's own.
	ingress func() (string, error)
}

// prepare sets the stage in a folder, with an example, for a namespace, and with more variables of the environment.
func prepare(ctx context.Context, cluster *testenv.Cluster, dir, example, namespace string, more ...string) (*stage, error) {
	text, err := os.ReadFile(example)
	if err != nil {
		return nil, fmt.Errorf("run the demo at the top of the repository: %w", err)
	}
	env := map[string]string{"KUBE_CONFIG_PATH": cluster.Kubeconfig, "TF_VAR_namespace": namespace, "TF_VAR_image": cluster.Image}
	for _, v := range more {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	cli, err := testenv.NewCLI(ctx, dir, map[string]string{"main.tf": string(text)}, env)
	if err != nil {
		return nil, err
	}
	s := &stage{CLI: cli, variables: map[string]any{}}
	out, err := s.Command(ctx, "version").Output()
	s.version, _, _ = strings.Cut(string(out), "\n")
	return s, err
}

// clean ends what an earlier demo left, so that the story begins at its beginning.
func (s *stage) clean(ctx context.Context) error {
	if err := s.destroy(ctx); err != nil {
		return err
	}
	for _, name := range []string{"policy.tf", "scaling.tf", "events.tf", "terraform.tfvars.json"} { // what acts add
		if err := os.Remove(filepath.Join(s.Dir, name)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func (s *stage) destroy(ctx context.Context) error {
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

// add puts a file of configuration beside what is there.
func (s *stage) add(_ context.Context, name, text string) error {
	return os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600)
}

// apply sets variables, plans, and applies that plan.
func (s *stage) apply(ctx context.Context, variables map[string]any) error {
	if err := s.set(variables); err != nil {
		return err
	}
	if err := s.Show(ctx, "plan", "-input=false", "-out=step.tfplan"); err != nil {
		return err
	}
	return s.Show(ctx, "apply", "-input=false", "step.tfplan")
}

// refused plans a step and expects an error that says all this, wherever its lines are broken.
func (s *stage) refused(ctx context.Context, st step, says ...string) error {
	headline("%s", st.title)
	before := maps.Clone(s.variables)
	if err := s.set(st.variables()); err != nil {
		return err
	}
	out, err := s.Shown(ctx, "plan", "-input=false", "-no-color")
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		return errors.Join(errors.New("the plan was not refused"), err)
	}
	said := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
	for _, text := range says {
		if !strings.Contains(said, text) {
			return fmt.Errorf("the plan failed without saying %q", text)
		}
	}
	return s.set(before)
}

// set writes variables where a person's next apply finds them too; those that are not named stay.
func (s *stage) set(variables map[string]any) error {
	maps.Copy(s.variables, variables)
	vars, err := json.MarshalIndent(s.variables, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("terraform.tfvars.json: %s\n", vars)
	return os.WriteFile(filepath.Join(s.Dir, "terraform.tfvars.json"), vars, 0o600)
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
	return string(out), err
}

// sample counts who answers requests to the Service.
func (s *stage) sample(ctx context.Context, n int) (map[string]int, error) {
	var err error
	if s.url, err = s.output(ctx, "url"); err != nil {
		return nil, err
	}
	client := testenv.Client()
	if s.ingress != nil {
		at, err := s.ingress()
		if err != nil {
			return nil, err
		}
		client = testenv.ClientBy(at)
	}
	return testenv.Sample(ctx, client, s.url, n)
}

// errNotEmpty is a plan that still has something to do after an apply.
var errNotEmpty = errors.New("a plan right after the apply is not empty")
