package kube

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
)

// backoff spans about six seconds: a webhook's restart or a leader's change, not an outage.
var backoff = wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6}

// retry repeats a request whose failure passes by itself. client-go itself honours Retry-After of 429 and 5xx answers.
func retry[T any](ctx context.Context, request func() (T, error)) (T, error) {
	b := backoff
	for {
		v, err := request()
		if err == nil || !passing(err) || b.Steps <= 1 {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(b.Step()):
		}
	}
}

// passing says whether the same request may well succeed in a moment.
func passing(err error) bool {
	switch {
	case apierrors.IsTooManyRequests(err), apierrors.IsServerTimeout(err), apierrors.IsTimeout(err), apierrors.IsServiceUnavailable(err):
		return true
	case apierrors.IsInternalError(err): // "failed calling webhook": it did not answer, which is not a denial
		return strings.Contains(err.Error(), "failed calling webhook")
	}
	return net.IsConnectionReset(err) || net.IsHTTP2ConnectionLost(err) || net.IsProbableEOF(err)
}
