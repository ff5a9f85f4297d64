package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// starter starts everything, in parallel as far as one thing does not need another.
type starter struct {
	config   config
	plan     *plan
	progress *progress
	daemons  *supervisor

	// Gates, closed when what they stand for is there.
	apiUp  chan struct{}            // after it, api can be used
	images map[string]chan struct{} // by the name of the image set

	api     *api
	knative time.Time // when it was Available
}

func newStarter(c config, pl *plan, p *progress) *starter {
	s := &starter{config: c, plan: pl, progress: p, apiUp: make(chan struct{}), images: map[string]chan struct{}{}}
	for _, set := range imageSets {
		s.images[set.name] = make(chan struct{})
	}
	return s
}

// waitFor waits for a gate.
func waitFor(ctx context.Context, gate <-chan struct{}) error {
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *starter) start(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.prepare(ctx, cancel); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, part := range []func(context.Context) error{s.runtime, s.controlPlane, s.registry, s.node, s.installKnative, s.metrics} {
		g.Go(func() error { return part(ctx) })
	}
	for _, d := range addons {
		g.Go(func() error { return s.installAddon(ctx, d) })
	}
	if err := g.Wait(); err != nil {
		// If a daemon ended, that is why other things failed, or were cut off.
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	s.daemons.state.Ready = true
	return s.daemons.state.save()
}

func (s *starter) runtime(ctx context.Context) error {
	if err := s.daemons.startDaemon(s.plan.daemons[containerdName]); err != nil {
		return err
	}
	if err := waitContainerd(ctx); err != nil {
		return err
	}
	for _, set := range imageSets {
		dir := s.plan.artifacts[set.name+"-images"].dir(s.config)
		if err := importImages(ctx, filepath.Join(dir, imageTar)); err != nil {
			return componentError{containerdName, err}
		}
		close(s.images[set.name])
	}
	s.progress.step("images loaded")
	return nil
}

func (s *starter) controlPlane(ctx context.Context) error {
	if err := s.daemons.startDaemon(s.plan.daemons[controlPlaneName]); err != nil {
		return err
	}
	cfg, err := waitAPI(ctx)
	if err != nil {
		return err
	}
	if s.api, err = newAPI(cfg); err != nil {
		return err
	}
	close(s.apiUp)
	s.progress.step("API server ready")
	return nil
}

func (s *starter) registry(ctx context.Context) error {
	if err := s.daemons.startDaemon(s.plan.daemons[registryName]); err != nil {
		return err
	}
	if err := pushApp(ctx, s.plan.artifacts["app"].dir(s.config)); err != nil {
		return componentError{registryName, err}
	}
	s.progress.step("registry at %s has the test application", registryAddr)
	return nil
}

func (s *starter) node(ctx context.Context) error {
	for _, gate := range []chan struct{}{s.apiUp, s.images["pause"]} {
		if err := waitFor(ctx, gate); err != nil {
			return err
		}
	}
	for _, name := range []string{kubeletName, kubeProxyName} {
		if err := s.daemons.startDaemon(s.plan.daemons[name]); err != nil {
			return err
		}
	}
	if err := waitNode(ctx, s.api.client); err != nil {
		return err
	}
	s.progress.step("node Ready")
	return nil
}

func (s *starter) installKnative(ctx context.Context) error {
	objs, err := loadKnative(s.config, s.plan.artifacts["knative-manifests"])
	if err != nil {
		return err
	}
	probes, err := decode(s.plan.manifests[quickReadiness])
	if err != nil {
		return err
	}
	objs = append(objs, probes...)
	if err := waitFor(ctx, s.apiUp); err != nil {
		return err
	}
	if err := installKnative(ctx, s.api, objs, s.images["knative"]); err != nil {
		return fmt.Errorf("knative: %w", err)
	}
	if err := admitsService(ctx, s.api); err != nil {
		return fmt.Errorf("knative does not admit a Service: %w", err)
	}
	s.knative = time.Now()
	s.progress.step("Knative Available")
	return nil
}

func (s *starter) installAddon(ctx context.Context, d addon) error {
	if err := waitFor(ctx, s.apiUp); err != nil {
		return err
	}
	if err := d.install(ctx, s.api, s.plan.manifests[d.name], s.images[d.name]); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	s.progress.step("%s Available", d.name)
	return nil
}

func (s *starter) metrics(ctx context.Context) error {
	if err := waitFor(ctx, s.apiUp); err != nil {
		return err
	}
	if err := waitMetrics(ctx, s.api); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	s.progress.step("metrics served")
	return nil
}

// prepare makes everything that the daemons find when they start: directories, keys, files, cgroups, network.
func (s *starter) prepare(ctx context.Context, fail context.CancelCauseFunc) error {
	changes, err := planSysctls(ctx)
	if err != nil {
		return err
	}
	s.progress.step("%s", announce(changes))

	for _, dir := range []string{stateDir, runDir, logDir, kubeletDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	s.daemons = &supervisor{fail: fail, state: &state{Key: s.plan.key, HTTPPort: s.config.HTTPPort, Started: time.Now(), Daemons: map[string]process{}}}
	// From here on there is something to remove.
	if err := s.daemons.state.save(); err != nil {
		return err
	}
	if err := applySysctls(changes); err != nil {
		return err
	}
	if s.daemons.join, err = createCgroups(); err != nil {
		return err
	}
	if err := createBridge(); err != nil {
		return err
	}
	if err := createNftTable(ctx); err != nil {
		return err
	}
	if err := createPKI(); err != nil {
		return err
	}
	if err := shareMount(kubeletDir); err != nil {
		return err
	}
	for path, text := range s.plan.files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	// Not part of the plan: another network card's nameserver is no reason to start anew.
	return os.WriteFile(resolvConfFile, []byte(resolvConf(nameservers())), 0o644)
}

// announce says what the start changes on the machine, until `down`.
func announce(changes []sysctlChange) string {
	text := fmt.Sprintf("changes on this machine until `down`: bridge %s, nft tables %q and kube-proxy's, cgroup /%s", bridge, nftTable, cgroupName)
	var list []string
	for _, c := range changes {
		list = append(list, fmt.Sprintf("%s %s→%s", c.Name, c.Old, c.New))
	}
	if len(list) > 0 {
		text += ", sysctls " + strings.Join(list, ", ")
	}
	return text
}
