package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// clientConfig is the administrator's access to the cluster.
func clientConfig() (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfigFile)
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1 // no throttle: everything here waits for it
	cfg.Timeout = 30 * time.Second
	cfg.Proxy = noProxy // the API server is on this machine
	cfg.WarningHandler = rest.NoWarnings{}
	return cfg, nil
}

// poll tries f every 100 ms until it is well, and says with which error it was not when the time is over.
func poll(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		err := f(deadline)
		if err == nil {
			return nil
		}
		// What the deadline itself cut off tells nothing.
		if last == nil || !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-deadline.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("not after %s: %w", limit, last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
