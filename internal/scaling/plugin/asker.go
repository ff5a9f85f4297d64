package plugin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/gate"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/demand"
)

// reading is what a plugin answered.
type reading struct {
	pods int32
	// value is for a person.
	value string
}

// asker asks one plugin.
type asker interface {
	// ask returns within the plugin's timeout.
	ask(ctx context.Context) (reading, error)
	// close lets go of what it holds.
	close()
}

// pusher is a plugin that says by itself when it is active and when it is not.
type pusher interface {
	// watch calls said until the context or the stream ends.
	watch(ctx context.Context, said func(active bool)) error
}

// What holds where a policy says nothing.
const (
	defaultInterval      = 15 * time.Second
	defaultTimeout       = 5 * time.Second
	defaultStabilization = 5 * time.Minute
	defaultKeepLast      = 5 * time.Minute
	leastInterval        = time.Second
)

func spanOf(d *metav1.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return d.Duration
}

// newAsker reads a plugin of a policy. It contacts nobody.
func newAsker(policy types.NamespacedName, spec *v1alpha1.ScalingPlugin, connections *Connections) (asker, error) {
	target := 0.0
	if spec.Target != "" {
		q, err := resource.ParseQuantity(spec.Target)
		if err != nil {
			return nil, fmt.Errorf("the target is %q, which is no Kubernetes quantity", spec.Target)
		}
		target = q.AsApproximateFloat64()
	}
	timeout := spanOf(spec.Timeout, defaultTimeout)
	switch {
	case spec.External != nil:
		return newExternal(policy, spec.External, target, timeout, connections)
	case spec.Prometheus != nil:
		return &query{gate.Prometheus{Address: spec.Prometheus.Address, Query: spec.Prometheus.Query, Timeout: timeout}, target}, nil
	}
	return nil, errors.New("it is neither external nor prometheus")
}

// query is a Prometheus query with one number as its answer.
type query struct {
	gate.Prometheus
	target float64
}

func (q *query) ask(ctx context.Context) (reading, error) {
	samples, err := q.Samples(ctx)
	switch {
	case err != nil:
		return reading{}, err
	case len(samples) == 0:
		return reading{}, errors.New("the query gave no value")
	case len(samples) > 1:
		return reading{}, fmt.Errorf("the query gave %d values: write one that gives one, such as sum(…)", len(samples))
	}
	pods, err := demand.Pods(samples[0].Value, q.target)
	return reading{pods, number(samples[0].Value)}, err
}

func (q *query) close() {}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
