package plugin

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling/demand"
)

// worker asks one plugin of one policy, in a goroutine of its own.
type worker struct {
	spec     v1alpha1.ScalingPlugin
	asker    asker
	settings demand.Settings
	interval time.Duration
	// moved is called when the floor changed, heard when anything did. They do not wait.
	moved, heard func()
	stop         context.CancelFunc
	// pushed is the newest that the plugin said by itself.
	pushed chan bool

	mu      sync.Mutex
	demand  demand.Demand
	floor   int32 // as it was last made known
	value   string
	problem string
	push    string // what is wrong with being told
	asks    [2]uint64
}

// run asks until the context ends: each interval, and at once when the plugin says that it is active; a plugin that fails, less and less
// often.
func (w *worker) run(ctx context.Context) {
	defer w.asker.close()
	if p, ok := w.asker.(pusher); ok {
		pushing := make(chan struct{})
		defer func() { <-pushing }()
		go func() { defer close(pushing); w.watch(ctx, p) }()
	}
	failures := 0
	for {
		r, err := w.asker.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		now := time.Now()
		w.take(r, err, now)
		if failures++; err == nil {
			failures = 0
		}
		if !w.wait(ctx, now, now.Add(pause(w.interval, failures, rand.Float64()))) {
			return
		}
	}
}

// most is how long the pause between two questions to a plugin that fails grows, where the interval is not longer.
const most = time.Minute

// pause is how long to wait for the next question: the interval, twice as long after each failure beyond the first, and a tenth more or
// less, so that plugins which began together do not go on together.
func pause(interval time.Duration, failures int, random float64) time.Duration {
	p := interval
	for i := 1; i < failures && p < most; i++ {
		p = min(2*p, most)
	}
	return p + time.Duration((random-0.5)*0.2*float64(p))
}

// wait waits for the next question, makes known what changes by itself until then, and says whether there is to be one.
func (w *worker) wait(ctx context.Context, asked, next time.Time) bool {
	for {
		wake := next
		if until := w.publish(time.Now()); !until.IsZero() && until.Before(wake) {
			wake = until
		}
		timer := time.NewTimer(time.Until(wake))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case active := <-w.pushed:
			timer.Stop()
			if !active {
				w.take(reading{0, "not active"}, nil, time.Now())
			} else if soon := asked.Add(leastInterval); soon.Before(next) {
				next = soon
			}
		case <-timer.C:
			if !time.Now().Before(next) {
				return true
			}
		}
	}
}

// take notes an answer, or that there was none.
func (w *worker) take(r reading, err error, now time.Time) {
	w.mu.Lock()
	if err != nil {
		w.demand.Failed()
		w.problem = err.Error()
		w.asks[1]++
	} else {
		w.demand.Answered(r.pods, now, w.settings)
		w.value, w.problem = r.value, ""
		w.asks[0]++
	}
	w.mu.Unlock()
	w.publish(now)
	w.heard()
}

// publish makes a change of the floor known, and says when it changes by itself.
func (w *worker) publish(now time.Time) time.Time {
	w.mu.Lock()
	floor, until := w.demand.Floor(now, w.settings)
	changed := floor != w.floor
	w.floor = floor
	w.mu.Unlock()
	if changed {
		w.moved()
		w.heard()
	}
	return until
}

// watch has the plugin say when it is active, and begins again when that ends, later each time that nothing was said.
func (w *worker) watch(ctx context.Context, p pusher) {
	failures := 0
	for {
		err := p.watch(ctx, func(active bool) {
			failures = 0
			w.pushWorks("")
			select {
			case <-w.pushed: // what was said before is of no interest any more
			default:
			}
			w.pushed <- active // there is room, and no other writer
		})
		if ctx.Err() != nil {
			return
		}
		failures++
		w.pushWorks(err.Error())
		if errors.Is(err, errNoPush) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause(leastInterval, failures, rand.Float64())):
		}
	}
}

func (w *worker) pushWorks(problem string) {
	w.mu.Lock()
	changed := w.push != problem
	w.push = problem
	w.mu.Unlock()
	if changed {
		w.heard()
	}
}

// resume begins with what another worker, or the guard before its restart, left.
func (w *worker) resume(was *v1alpha1.PluginStatus, now time.Time) {
	if was == nil || was.LastAnswer == nil {
		return
	}
	w.demand.Answered(was.Replicas, was.LastAnswer.Time, w.settings)
	w.value = was.Value
	if was.Problem != "" && !strings.HasPrefix(was.Problem, noPush) {
		w.problem = was.Problem
		w.demand.Failed()
	}
	w.floor, _ = w.demand.Floor(now, w.settings)
}

// status is what the plugin last said.
func (w *worker) status(now time.Time) v1alpha1.PluginStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := v1alpha1.PluginStatus{Name: w.spec.Name, Value: w.value, Problem: w.problem}
	out.Replicas, _ = w.demand.Floor(now, w.settings)
	if w.problem == "" && w.push != "" {
		out.Problem = noPush + w.push
	}
	if last := w.demand.Last(); !last.IsZero() {
		out.LastAnswer = &metav1.Time{Time: last}
	}
	return out
}

// noPush begins the problem of a plugin that answers and does not push.
const noPush = "it answers, and does not push: "

func (w *worker) floorNow(now time.Time) scaling.Floor {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods, until := w.demand.Floor(now, w.settings)
	return scaling.Floor{Source: "plugin/" + w.spec.Name, Replicas: pods, Until: until.UTC()}
}
