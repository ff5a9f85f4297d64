package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tool is the path of a program that internal/tools pins, built where it is not yet. It runs anywhere in the repository.
func Tool(ctx context.Context, name string) (string, error) {
	top, err := repository(ctx)
	if err != nil {
		return "", err
	}
	out, err := output(ctx, top, nil, filepath.Join(top, "internal/tools/build"), name)
	return strings.TrimSpace(out), err
}

// Kubectl is the path of a kubectl: the one on the PATH, else one that is built from its Go module.
func Kubectl(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("kubectl"); err == nil {
		return path, nil
	}
	return Tool(ctx, "kubectl")
}

// repository is the top of this checkout.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("looking for the top of the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// output runs a program and gives its standard output; an error has what it said on its standard error.
func output(ctx context.Context, dir string, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), args[0], err, exit.Stderr)
	}
	return string(out), err
}
