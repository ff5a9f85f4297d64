package main

import (
	"context"
	"fmt"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// comparePlans measures a refresh and plan of n Services that are as they should be.
func comparePlans(ctx context.Context, cluster *testenv.Cluster, n int) error {
	header(fmt.Sprintf("Refresh and plan of %d, nothing to do", n))
	for _, c := range []contestant{floor, ours, kubectl} {
		err := c.inNamespace(ctx, cluster, n, func(w workspace) error {
			if err := w.Quiet(ctx, apply...); err != nil {
				return err
			}
			return row(ctx, c, w, "plan", "-no-color", "-input=false", "-detailed-exitcode")
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// compareApplies measures the creation of n Services without waiting for them.
func compareApplies(ctx context.Context, cluster *testenv.Cluster, n int) error {
	header(fmt.Sprintf("Apply of %d new ones, without waiting for them", n))
	for _, c := range []contestant{floor, ours, kubectl} {
		err := c.inNamespace(ctx, cluster, n, func(w workspace) error { return row(ctx, c, w, apply...) })
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

var apply = []string{"apply", "-auto-approve", "-no-color", "-input=false"}

func header(title string) {
	fmt.Printf("\n### %s\n\n| | wall | CPU of Terraform | CPU of the provider | API requests | peak memory of the provider |\n|---|---|---|---|---|---|\n", title)
}

// row runs the CLI and prints what it took.
func row(ctx context.Context, c contestant, w workspace, args ...string) error {
	w.proxy.Reset()
	got, err := watched(ctx, w.CLI, args...)
	if err != nil {
		return err
	}
	fmt.Printf("| `%s` | %s | %s | %s | %d | %d MiB |\n", c.name, seconds(got.wall), seconds(got.cpu), seconds(got.providerCPU), w.proxy.Count(), got.peak>>20)
	return nil
}
