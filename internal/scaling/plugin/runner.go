// Package plugin asks the plugins of ScalingPolicies for their metrics, and makes floors of the answers: scalers that speak KEDA's
// external scaler protocol, and Prometheus queries.
package plugin

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/demand"
)

// Runner asks the plugins of all policies, each in a goroutine of its own, and has none for policies that are suspended. It is a
// scaling.Source.
type Runner struct {
	// Lookup finds a policy that the runner was not told of yet, in memory; nil where there is none.
	Lookup      func(types.NamespacedName) *v1alpha1.ScalingPolicy
	Connections *Connections

	mu       sync.Mutex
	policies map[types.NamespacedName][]*worker
	moved    func(types.NamespacedName)
	heard    func(types.NamespacedName)
	stopped  bool
	workers  sync.WaitGroup
}

var _ scaling.Source = &Runner{}

// Start waits for the context to end, and then for all plugins to be let go of.
func (r *Runner) Start(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	r.stopped = true
	for _, workers := range r.policies {
		for _, w := range workers {
			w.stop()
		}
	}
	r.mu.Unlock()
	r.workers.Wait()
	return nil
}

// NeedLeaderElection has plugins asked by one replica of several.
func (r *Runner) NeedLeaderElection() bool { return true }

// Set brings the plugins of a policy up to date. A plugin that changed goes on with what it asked for, until it is heard of as it is now.
//
//	the policy                       its plugins
//	is there                         are asked
//	is suspended, or being deleted   are not
//	is gone                          are not: see Remove
func (r *Runner) Set(policy *v1alpha1.ScalingPolicy) {
	name := types.NamespacedName{Namespace: policy.Namespace, Name: policy.Name}
	r.mu.Lock()
	moved := r.set(name, policy)
	notify := r.moved
	r.mu.Unlock()
	if moved && notify != nil {
		notify(name)
	}
}

func (r *Runner) set(name types.NamespacedName, policy *v1alpha1.ScalingPolicy) (moved bool) {
	var plugins []v1alpha1.ScalingPlugin
	if !policy.Spec.Suspend && policy.DeletionTimestamp == nil && !r.stopped {
		plugins = policy.Spec.Plugins
	}
	before := r.policies[name]
	next := make([]*worker, 0, len(plugins))
	for i := range plugins {
		old := named(before, plugins[i].Name)
		if old != nil && reflect.DeepEqual(old.spec, plugins[i]) {
			next = append(next, old)
			continue
		}
		next = append(next, r.start(name, &plugins[i], policy.Status.Plugins, old))
	}
	for _, w := range before {
		if !slices.Contains(next, w) {
			w.stop()
			moved = moved || named(next, w.spec.Name) == nil && w.floorNow(time.Now()).Replicas > 0
		}
	}
	if r.policies == nil {
		r.policies = map[types.NamespacedName][]*worker{}
	}
	r.policies[name] = next
	return moved
}

// start begins to ask a plugin, and takes over from another worker, or from what the status says.
func (r *Runner) start(policy types.NamespacedName, spec *v1alpha1.ScalingPlugin, statuses []v1alpha1.PluginStatus, old *worker) *worker {
	w := &worker{
		spec:     *spec.DeepCopy(),
		interval: max(spanOf(spec.Interval, defaultInterval), leastInterval),
		settings: demand.Settings{Stabilization: spanOf(spec.Stabilization, defaultStabilization), KeepLast: spanOf(spec.KeepLast, defaultKeepLast)},
		pushed:   make(chan bool, 1),
		moved:    func() { r.tell(policy, func(r *Runner) func(types.NamespacedName) { return r.moved }) },
		heard:    func() { r.tell(policy, func(r *Runner) func(types.NamespacedName) { return r.heard }) },
	}
	now := time.Now()
	switch i := slices.IndexFunc(statuses, func(s v1alpha1.PluginStatus) bool { return s.Name == spec.Name }); {
	case old != nil:
		was := old.status(now)
		w.resume(&was, now)
	case i >= 0:
		w.resume(&statuses[i], now)
	}
	asker, err := newAsker(policy, &w.spec, r.Connections)
	if err != nil {
		asker = broken{err}
	}
	w.asker = asker
	ctx, stop := context.WithCancel(context.Background()) // until it is stopped
	w.stop = stop
	r.workers.Go(func() { w.run(ctx) })
	return w
}

// broken is a plugin that cannot be asked as it is written. The validation refuses such ones; a policy may be older than it.
type broken struct{ error }

func (b broken) ask(context.Context) (reading, error) { return reading{}, b.error }

func (broken) close() {}

// Remove lets go of the plugins of a policy that is gone.
func (r *Runner) Remove(policy types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.policies[policy] {
		w.stop()
	}
	delete(r.policies, policy)
}

// Floors is scaling.Source's. A policy that the runner was not told of yet it looks up, so that the floors of a policy whose plugin is
// down are the same right after a start.
func (r *Runner) Floors(policy types.NamespacedName) []scaling.Floor {
	var out []scaling.Floor
	now := time.Now()
	for _, w := range r.of(policy) {
		if floor := w.floorNow(now); floor.Replicas > 0 {
			out = append(out, floor)
		}
	}
	return out
}

// Statuses are what the plugins of a policy last said, in the policy's order.
func (r *Runner) Statuses(policy types.NamespacedName) []v1alpha1.PluginStatus {
	var out []v1alpha1.PluginStatus
	now := time.Now()
	for _, w := range r.of(policy) {
		out = append(out, w.status(now))
	}
	return out
}

func (r *Runner) of(policy types.NamespacedName) []*worker {
	r.mu.Lock()
	defer r.mu.Unlock()
	if workers, ok := r.policies[policy]; ok {
		return workers
	}
	if p := r.Lookup(policy); p != nil {
		r.set(policy, p)
	}
	return r.policies[policy]
}

// Notify is scaling.Source's.
func (r *Runner) Notify(f func(policy types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = f
}

// NotifyStatus has f called with each policy of which something was heard. f does not wait.
func (r *Runner) NotifyStatus(f func(policy types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = f
}

func (r *Runner) tell(policy types.NamespacedName, whom func(*Runner) func(types.NamespacedName)) {
	r.mu.Lock()
	f := whom(r)
	r.mu.Unlock()
	if f != nil {
		f(policy)
	}
}

func named(workers []*worker, name string) *worker {
	for _, w := range workers {
		if w.spec.Name == name {
			return w
		}
	}
	return nil
}
