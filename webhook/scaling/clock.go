package scaling

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// clockLook is how often the clock is looked at: one that is put forward or back moves the edges of windows, and nobody tells.
	clockLook = 10 * time.Second
	// clockDrift is how far it may be off what has passed.
	clockDrift = time.Second
)

// clock asks for everything when the clock has been set: then the edge of a window is sooner, or later, than the queue waits for it.
func (k *Keeper) clock(ctx context.Context, q queue) error {
	look := time.NewTicker(clockLook)
	go func() {
		defer look.Stop()
		k.watchClock(ctx, look.C, func() {
			for _, t := range k.all(ctx, metav1.NamespaceAll) {
				q.Add(t)
			}
		})
	}()
	return nil
}

// watchClock compares at each look what has passed, by a clock that nobody sets, with what the wall clock shows.
func (k *Keeper) watchClock(ctx context.Context, look <-chan time.Time, jumped func()) {
	passed, shown := time.Now(), k.Now().Round(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		}
		lastPassed, lastShown := passed, shown
		passed, shown = time.Now(), k.Now().Round(0)
		if (passed.Sub(lastPassed) - shown.Sub(lastShown)).Abs() > clockDrift {
			jumped()
		}
	}
}
