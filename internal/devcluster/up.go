package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// up brings the cluster up, or finds that it is.
func up(ctx context.Context, c config) error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root: run this as root, or with sudo")
	}
	unlock, err := lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()

	p := newProgress(os.Stdout)
	pl, err := newPlan(c)
	if err != nil {
		return err
	}
	st, err := loadState()
	if err != nil {
		p.step("the state of an earlier cluster cannot be read (%v)", err)
	}
	reason := whyNot(ctx, p, st, pl.key)
	if reason == "" {
		p.step("the cluster is up already")
		printUse(c)
		return nil
	}
	left, err := leftovers(ctx)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		// Before a build of many minutes rather than after it.
		if err := checkMachine(c); err != nil {
			return err
		}
	}

	if err := installPackages(ctx, p); err != nil {
		return err
	}
	built, err := build(ctx, c, pl, p)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		p.step("removing an earlier cluster: %s", reason)
		if err := clean(ctx, p); err != nil {
			return err
		}
		if err := checkMachine(c); err != nil {
			return err
		}
	}
	t := time.Now()
	s := newStarter(c, pl, p)
	if err := s.start(ctx); err != nil {
		return explainFailure(ctx, err)
	}
	p.step("the cluster is up: built in %s; Knative Available %s after the start, everything %s", seconds(built), seconds(s.knative.Sub(t)), seconds(time.Since(t)))
	printUse(c)
	return nil
}

// whyNot says why what runs is not what is wanted; "" when it is.
func whyNot(ctx context.Context, p *progress, st *state, key string) string {
	switch {
	case st == nil:
		return "it left no state"
	case !st.Ready:
		return "its start did not come to an end"
	case !st.running():
		return "not all of it runs any more"
	case st.Key != key:
		return "it was started from something else"
	}
	err := healthy(ctx)
	if err == nil {
		return ""
	}
	// Under load, or just now restarting something: what runs in it is worth some patience.
	p.step("the cluster is up and not healthy (%v): waiting", err)
	if err := poll(ctx, 30*time.Second, healthy); err != nil {
		return "it is not healthy: " + err.Error()
	}
	return ""
}

func checkMachine(c config) error {
	return errors.Join(checkPorts(c.ports()), checkAddresses())
}

// build makes what is not in the cache.
func build(ctx context.Context, c config, pl *plan, p *progress) (time.Duration, error) {
	t := time.Now()
	for _, a := range pl.missing(c) {
		what := "building " + a.name
		if a.slow != "" {
			what += fmt.Sprintf(" (the first time about %s on 2 cores)", a.slow)
		}
		if err := p.timed(what, func() error { return a.ensure(ctx, c) }); err != nil {
			return 0, err
		}
	}
	return time.Since(t), nil
}

// explainFailure adds the end of the log of the component that failed.
func explainFailure(ctx context.Context, err error) error {
	const next = "the next `up` or `down` removes what was started"
	if ctx.Err() != nil {
		return errors.New("interrupted; " + next)
	}
	var c componentError
	if !errors.As(err, &c) {
		return fmt.Errorf("%w\nlogs are in %s; %s", err, logDir, next)
	}
	log, _ := os.ReadFile(logFile(c.component))
	return fmt.Errorf("%w\nlast lines of %s:\n%s\n%s", err, logFile(c.component), lastLines(string(log), 15), next)
}

func printUse(c config) {
	fmt.Printf(`
  export KUBECONFIG=%s
  curl %s     # a Knative Service NAME in namespace NAMESPACE
  status, logs: go -C %s run . status | logs COMPONENT
  tear down:    go -C %s run . down
`, kubeconfigFile, c.url("NAME.NAMESPACE"), c.Source, c.Source)
}
