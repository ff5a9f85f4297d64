package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// kubectl runs it in the demo's namespace, with its output on the screen.
func (t *theater) kubectl(ctx context.Context, args ...string) error {
	_, err := t.kubectlOutput(ctx, args...)
	return err
}

// kubectlRefused expects a refusal that says something.
func (t *theater) kubectlRefused(ctx context.Context, says string, args ...string) error {
	out, err := t.kubectlOutput(ctx, args...)
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		return errors.Join(errors.New("kubectl was not refused"), err)
	}
	if !strings.Contains(out, says) {
		return fmt.Errorf("kubectl failed without saying %q", says)
	}
	return nil
}

func (t *theater) kubectlOutput(ctx context.Context, args ...string) (string, error) {
	path, err := testenv.Kubectl(ctx)
	if err != nil {
		return "", err
	}
	shown := make([]string, 0, len(args))
	for _, arg := range args {
		if strings.ContainsAny(arg, ` "{`) {
			arg = "'" + arg + "'"
		}
		shown = append(shown, arg)
	}
	fmt.Printf("$ kubectl -n %s %s\n", namespace, strings.Join(shown, " "))
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, append([]string{"-n", namespace}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+t.Kubeconfig)
	cmd.Stdout = io.MultiWriter(os.Stdout, &out)
	cmd.Stderr = cmd.Stdout
	err = cmd.Run()
	return out.String(), err
}
