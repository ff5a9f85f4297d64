package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// ErrDeleted says that the object went away while it was waited for.
var ErrDeleted = errors.New("it was deleted in the meantime")

// ErrInterrupted says that whoever waited was told to stop.
var ErrInterrupted = errors.New("interrupted")

// Progress is what a look at an object says of a wait for it.
type Progress int

const (
	// Pending goes on waiting.
	Pending Progress = iota
	// Done ends the wait well.
	Done
	// Failing ends the wait badly if it does not pass within settleTime.
	Failing
)

// settleTime is how long a failure has to stand before it ends a wait. Knative's reconcilers report a False that they take
// back within a second while an object and its children catch up with each other.
const settleTime = 2 * time.Second

// pollInterval is how often an object is read at the most where it cannot be watched.
const pollInterval = time.Second

// Look judges an object, or nil when it is gone, and says in one line what it sees.
type Look func(u *unstructured.Unstructured) (Progress, string)

// TimeoutError is the end of a wait whose time ran out, with what was seen last.
type TimeoutError struct {
	Last string
}

func (e *TimeoutError) Error() string { return "timed out; last seen: " + e.Last }

// FailedError is the end of a wait for something that will not come by itself.
type FailedError struct {
	Reason string
}

func (e *FailedError) Error() string { return e.Reason }

// Wait watches one object from the state that a write returned until look is satisfied. It sends one watch request, and no
// other as long as that holds. Each change of what look says goes to report.
func (c *Client) Wait(ctx context.Context, ref Ref, from *unstructured.Unstructured, look Look, report func(string)) (*unstructured.Unstructured, error) {
	return c.wait(ctx, ref, from, &waiting{look: look, report: report})
}

func (c *Client) wait(ctx context.Context, ref Ref, from *unstructured.Unstructured, w *waiting) (*unstructured.Unstructured, error) {
	u, err := c.watch(ctx, ref, from, w)
	c.lists.wrote(ref, u)
	return u, err
}

func (c *Client) watch(ctx context.Context, ref Ref, from *unstructured.Unstructured, w *waiting) (*unstructured.Unstructured, error) {
	if end, err := w.see(from); end {
		return from, err
	}
	for {
		began := time.Now()
		u, end, err := c.follow(ctx, ref, w)
		if end {
			return u, err
		}
		// The watch is too old, was cut, or is not allowed: read the object, and watch on from there, once a second at the most.
		sleep(ctx, pollInterval-time.Since(began))
		u, err = c.Get(ctx, ref)
		if err != nil {
			return w.last, w.interrupted(ctx, err)
		}
		if end, err := w.see(u); end {
			return u, err
		}
		if u == nil {
			return nil, ErrDeleted
		}
		w.last = u
	}
}

// follow watches until the wait ends, or until the watch does.
func (c *Client) follow(ctx context.Context, ref Ref, w *waiting) (*unstructured.Unstructured, bool, error) {
	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, w.last.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, ref.Name).String()
			return c.resource(ref).Watch(ctx, o)
		},
	})
	if err != nil {
		return nil, true, err
	}
	defer watcher.Stop()
	// Time alone can end a wait: a failure that stands long enough. This costs no request.
	tick := time.NewTicker(settleTime / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.last, true, w.interrupted(ctx, ctx.Err())
		case <-tick.C:
			if end, err := w.see(w.last); end {
				return w.last, true, err
			}
		case <-w.nudge:
			if end, err := w.see(w.last); end {
				return w.last, true, err
			}
		case event, open := <-watcher.ResultChan():
			if ctx.Err() != nil {
				return w.last, true, w.interrupted(ctx, ctx.Err())
			}
			if !open || event.Type == watch.Error {
				return nil, false, nil
			}
			u, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				continue
			}
			if event.Type == watch.Deleted {
				end, err := w.see(nil)
				if !end {
					err = ErrDeleted
				}
				return nil, true, err
			}
			if end, err := w.see(u); end {
				return u, true, err
			}
		}
	}
}

// waiting is what a wait remembers between two looks.
type waiting struct {
	look   Look
	report func(string)
	// nudge asks for another look at the same object: something beside it has changed. It may be nil.
	nudge        <-chan struct{}
	last         *unstructured.Unstructured
	said         string
	failingSince time.Time
}

// see takes one look: true where the wait is over.
func (w *waiting) see(u *unstructured.Unstructured) (bool, error) {
	if u != nil {
		w.last = u
	}
	progress, text := w.look(u)
	if text != w.said {
		w.said = text
		w.report(text)
	}
	switch progress {
	case Done:
		return true, nil
	case Failing:
		if w.failingSince.IsZero() {
			w.failingSince = time.Now()
		}
		if time.Since(w.failingSince) >= settleTime {
			return true, &FailedError{text}
		}
	case Pending:
		w.failingSince = time.Time{}
	}
	return false, nil
}

// interrupted tells a deadline from a cancellation and from an API server that went away.
func (w *waiting) interrupted(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &TimeoutError{w.said}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w; last seen: %s", ErrInterrupted, w.said)
	}
	return err
}

// WaitGone waits until the object with this UID is no more.
func (c *Client) WaitGone(ctx context.Context, ref Ref, report func(string)) error {
	from, err := c.Get(ctx, ref)
	if err != nil || from == nil {
		return err
	}
	uid := from.GetUID()
	last, err := c.Wait(ctx, ref, from, func(u *unstructured.Unstructured) (Progress, string) {
		if u == nil || u.GetUID() != uid {
			return Done, "gone"
		}
		if f := finalizers(u); f != "" {
			return Pending, "being deleted; its finalizers wait for their controllers: " + f
		}
		return Pending, "being deleted"
	}, report)
	if _, late := errors.AsType[*TimeoutError](err); late && last != nil && finalizers(last) != "" {
		return &Problem{"Not deleted in time", fmt.Sprintf("%s is being deleted, and the finalizer %s is still on it. Its controller takes it off when it has cleaned up: look why it does not, then apply again, or raise timeouts.delete. Where that controller is gone, take the finalizer off by hand: kubectl edit %s.%s -n %s %s. Until the object is gone it stays in the state.",
			ref, finalizers(last), ref.Resource, ref.Group, ref.Namespace, ref.Name)}
	}
	if apierrors.IsNotFound(err) { // its CRD went, and all of its kind with it
		return nil
	}
	return err
}

// finalizers are those that somebody set, and not the one by which the API server deletes what an object owns.
func finalizers(u *unstructured.Unstructured) string {
	return strings.Join(slices.DeleteFunc(u.GetFinalizers(), func(f string) bool { return f == metav1.FinalizerDeleteDependents }), ", ")
}
