package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

var errNotUp = errors.New("no cluster is up on this machine: `go -C internal/devcluster run . up` starts one")

// healthy sees for itself that the node is Ready, and Knative and what it needs Available.
func healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cfg, err := clientConfig()
	if err != nil {
		return err
	}
	a, err := newAPI(cfg)
	if err != nil {
		return err
	}
	if err := nodeReady(ctx, a.client); err != nil {
		return err
	}
	if err := a.available(ctx, knativeNamespace, knativeDeployments...); err != nil {
		return err
	}
	for _, d := range addons {
		if err := a.available(ctx, d.namespace, d.deployment); err != nil {
			return err
		}
	}
	return nil
}

// status prints what runs; an error says that not all of it does.
func status(ctx context.Context) error {
	st, err := loadState()
	if err != nil {
		return err
	}
	if st == nil {
		return errNotUp
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(cells ...any) {
		for _, c := range cells {
			_, _ = fmt.Fprintf(w, "%v\t", c)
		}
		_, _ = fmt.Fprintln(w)
	}
	line("COMPONENT", "STATE", "PID", "UPTIME")
	for _, name := range daemonNames {
		p, started := st.Daemons[name]
		switch {
		case !started:
			line(name, "not started", "-", "-")
		case p.alive():
			line(name, "running", p.PID, p.age().Round(time.Second))
		default:
			line(name, "ended", p.PID, "-")
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !st.Ready {
		return errors.New("`up` is at work, or did not come to its end")
	}
	if !st.running() {
		return errors.New("not all daemons run: `up` starts the cluster anew")
	}
	if err := healthy(ctx); err != nil {
		return err
	}
	c := config{HTTPPort: st.HTTPPort}
	fmt.Printf("\nnode Ready, Knative Available\ningress     %s\nregistry    %s\nkubeconfig  %s\n", c.url("NAME.NAMESPACE"), registryAddr, kubeconfigFile)
	return nil
}

// printEnv prints what a shell can evaluate.
func printEnv() error {
	st, err := loadState()
	if err != nil {
		return err
	}
	if !st.running() {
		return errNotUp
	}
	fmt.Printf("export KUBECONFIG=%s\nexport KNATIVE_TEST_IMAGE=%s\nexport KNATIVE_INGRESS=%s\n", kubeconfigFile, testImage, config{HTTPPort: st.HTTPPort}.ingressHost())
	return nil
}

func printKubeconfig() error {
	st, err := loadState()
	if err != nil {
		return err
	}
	if !st.running() {
		return errNotUp
	}
	fmt.Println(kubeconfigFile)
	return nil
}
