package provider

import (
	"strings"
	"syscall"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// An apply that ends in the middle, however it does, leaves the traffic at the step that it had reached, and the next one
// goes on from there. In the end a gate fails: even so the traffic goes back to where the first apply began.
func TestAccProgressResumes(t *testing.T) {
	const first, second, back = "hello-v1 90 %, hello-v2 10 %", "hello-v1 50 %, hello-v2 50 %", "hello-v1 100 %"
	for name, signal := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			cli := newCLI(t, s, config(s.v1, s.split(s.stable, "")))
			for _, text := range []string{config(s.v1, s.split(s.stable, "")), config(s.v2, s.split(s.stable, ""))} {
				cli.apply(t, text)
			}
			slow := progressConf([]string{"10 10m", "50 10m"})
			cli.endAt(t, config(s.v2, s.split(s.canary, slow)), first, signal)
			s.wantSplits(t, 1, back, first)

			// It knows that there is something left to do, and begins with the step that was not finished.
			half := progressConf([]string{"10 1s", "50 10m"})
			cli.endAt(t, config(s.v2, s.split(s.canary, half)), second, signal)
			s.wantSplits(t, 1, back, first, second)
			failing := progressConf([]string{"10 1s", "50 1s"}, gateConf("http {\n url = \"http://127.0.0.1:1/\"\n }"))
			out, err := cli.try(t, config(s.v2, s.split(s.canary, failing)))
			if err == nil || !says("the gate \"gate[0]\" failed: GET http://127.0.0.1:1/").MatchString(out) {
				t.Errorf("%v: %s", err, out)
			}
			s.wantSplits(t, 1, back, first, second, back)
			if err := sampledURL(urlOf(t, s), 200, map[string]float64{"hello-v1": 100}); err != nil {
				t.Error(err)
			}
			cli.apply(t, config(s.v2, s.split(s.canary, progressConf([]string{"10 0s"}))))
			s.wantSplits(t, 4, back, first, "hello-v2 100 %")
		})
	}
}

// realCLI is the CLI with the built provider, as people run it, so that it can be killed.
type realCLI struct {
	*testenv.CLI
	scene *scene
}

func newCLI(t *testing.T, s *scene, text string) *realCLI {
	t.Helper()
	return &realCLI{workspace(t, nil, hcl(text)), s}
}

func (c *realCLI) try(t *testing.T, text string) (string, error) {
	t.Helper()
	rewrite(t, c.CLI, hcl(text))
	out, err := c.Command(t.Context(), applyNow...).CombinedOutput()
	return string(out), err
}

func (c *realCLI) apply(t *testing.T, text string) {
	t.Helper()
	if out, err := c.try(t, text); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
}

// endAt applies, and ends the CLI and its provider by a signal when the Service has a split.
func (c *realCLI) endAt(t *testing.T, text, split string, signal syscall.Signal) {
	t.Helper()
	rewrite(t, c.CLI, hcl(text))
	var out strings.Builder
	cmd := c.Command(t.Context(), applyNow...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached := c.scene.reaches(t.Context(), split)
	if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Errorf("the apply ended well:\n%s", out.String())
	}
	if reached != nil {
		t.Fatalf("%v\n%s", reached, out.String())
	}
}
