package kube

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Warnings are what the guard warned of while it let changes in: the verdicts of policies that only warn.
type Warnings struct {
	mu    sync.Mutex
	texts []string
}

type warningsKey struct{}

// CollectWarnings gives a context whose requests leave the guard's warnings behind.
func CollectWarnings(ctx context.Context) (context.Context, *Warnings) {
	w := &Warnings{}
	return context.WithValue(ctx, warningsKey{}, w), w
}

// Texts are the guard's own words, each once, in the order in which they came.
func (w *Warnings) Texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts)
}

// guardWarnings hands on what the guard warns of. Other warnings, such as a deprecation in an API, are for whoever writes this
// provider, not a line of every plan.
type guardWarnings struct{}

// HandleWarningHeaderWithContext takes the Warning headers of an answer.
func (guardWarnings) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, text string) {
	w, asked := ctx.Value(warningsKey{}).(*Warnings)
	text, guards := strings.CutPrefix(text, guardSays)
	if !asked || !guards {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.texts, text) { // a request that is repeated is warned of again
		w.texts = append(w.texts, text)
	}
}
