package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	logsapi "k8s.io/component-base/logs/api/v1"
	sched "k8s.io/kubernetes/cmd/kube-scheduler/app"
	schedoptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// all runs etcd and the components of the control plane in one process until one ends or a signal comes.
func all(args []string) error {
	groups := split(args)
	if len(groups) < 2 || len(groups[0]) != 2 {
		return errors.New("all: bad arguments")
	}
	etcdConfig, caFile := groups[0][0], groups[0][1]

	// Each component sets up logging; the second to do so in a process would fail.
	logsapi.ReapplyHandling = logsapi.ReapplyHandlingIgnoreUnchanged
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	e, err := startEtcd(etcdConfig)
	if err != nil {
		return err
	}
	defer e.Close()

	errs := make(chan error, len(groups))
	for _, g := range groups[1:] {
		go func() { errs <- fmt.Errorf("%s ended: %w", g[0], run(ctx, g[0], g[1:])) }()
		if g[0] != "kube-apiserver" {
			continue
		}
		// The other components exit when their roles do not exist yet: those come with /readyz.
		if err := ready(ctx, caFile, errs); err != nil {
			return err
		}
	}
	select {
	case err := <-errs:
		if ctx.Err() != nil {
			return nil
		}
		return err
	case err := <-e.Err():
		return fmt.Errorf("etcd ended: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// split cuts args at each "--".
func split(args []string) [][]string {
	groups := [][]string{nil}
	for _, a := range args {
		if a == "--" {
			groups = append(groups, nil)
			continue
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], a)
	}
	return groups
}

func startEtcd(config string) (*embed.Etcd, error) {
	cfg, err := embed.ConfigFromFile(config)
	if err != nil {
		return nil, fmt.Errorf("etcd configuration: %w", err)
	}
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start of etcd: %w", err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		return nil, fmt.Errorf("start of etcd: %w", err)
	}
}

var errEnded = errors.New("without an error")

func run(ctx context.Context, name string, args []string) error {
	var err error
	if name == "kube-scheduler" {
		err = scheduler(ctx, args)
	} else if c := command(ctx, name); c != nil {
		c.SetArgs(args)
		c.SilenceUsage = true
		err = c.ExecuteContext(ctx)
	} else {
		err = errors.New("unknown component")
	}
	if err == nil {
		return errEnded
	}
	return err
}

// scheduler runs kube-scheduler without its command: that sets up a signal handler, as the
// API server's has done already, and the second to do so in a process panics.
func scheduler(ctx context.Context, args []string) error {
	opts := schedoptions.NewOptions()
	fs := pflag.NewFlagSet("kube-scheduler", pflag.ContinueOnError)
	for _, f := range opts.Flags.FlagSets {
		fs.AddFlagSet(f)
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	cc, s, err := sched.Setup(ctx, opts)
	if err != nil {
		return err
	}
	return sched.Run(ctx, cc, s)
}

// ready waits for the API server's /readyz, or for a component's end.
func ready(ctx context.Context, caFile string, errs <-chan error) error {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1:6443/readyz", http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
	for {
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-errs:
			return err
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}
