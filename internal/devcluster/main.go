// Command devcluster runs a real single-node Kubernetes with Knative Serving on this machine, for tests and demos.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

const usage = `usage: go -C internal/devcluster run . COMMAND

  up              bring the cluster up; does nothing when it is up already
  down            remove it, and whatever is left of an earlier one
  status          what runs; exits 0 when all is well
  logs COMPONENT  a component's log; without a name it says which there are
  env             shell lines: KUBECONFIG, KNATIVE_TEST_IMAGE, KNATIVE_INGRESS
  kubeconfig      the path of the kubeconfig
  cycle [-n 20]   go up and down n times and check that nothing is left

DEVCLUSTER_HTTP_PORT is the ingress's port on 127.0.0.1 (80).
`

func main() {
	klog.LogToStderr(false) // client-go's own remarks
	klog.SetOutput(discard{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, errUsage) {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see the usage")

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "up", "cycle":
		c, err := loadConfig()
		if err != nil {
			return err
		}
		if args[0] == "cycle" {
			return cycle(ctx, c, args[1:])
		}
		return up(ctx, c)
	case "down":
		return down(ctx)
	case "status":
		return status(ctx)
	case "logs":
		return logs(ctx, append(args, "")[1])
	case "env":
		return printEnv()
	case "kubeconfig":
		return printKubeconfig()
	case enterCommand:
		return enter(args[1:])
	}
	return errUsage
}

// noProxy keeps calls to this machine off any proxy that the environment names.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
