// Command install-guard installs the guard of this checkout on the bed that KUBECONFIG names, and does nothing where it is there.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "install-guard:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	start := time.Now()
	cluster, err := testenv.Connect(ctx)
	if err != nil {
		return err
	}
	changed, err := cluster.InstallGuard(ctx)
	if err == nil && changed {
		fmt.Printf("the guard is installed in namespace %s after %s\n", testenv.GuardNamespace, time.Since(start).Round(100*time.Millisecond))
	}
	return err
}
