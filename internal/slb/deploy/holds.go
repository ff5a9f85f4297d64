package deploy

import (
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
)

// Holds keep what was refused from being tried again at once, by what it was about.
type Holds map[string]Hold

// Hold is something that was refused.
type Hold struct {
	What   string // that was tried; something else is tried at once
	Until  time.Time
	Reason string
}

// On gives the hold on something, if there is one, and how long it lasts. A hold that is over is forgotten.
func (h Holds) On(about, what string, now time.Time) (reason string, left time.Duration, held bool) {
	one, ok := h[about]
	if !ok || one.What != what || !now.Before(one.Until) {
		delete(h, about)
		return "", 0, false
	}
	return one.Reason, one.Until.Sub(now), true
}

// Since gives when something began, which is now if it is new.
func Since[K comparable](m map[K]time.Time, key K, now time.Time) time.Time {
	if at, ok := m[key]; ok {
		return at
	}
	m[key] = now
	return now
}

// Only forgets what is not among the keys.
func Only[K comparable, V any](m map[K]V, keys sets.Set[K]) {
	for key := range m {
		if !keys.Has(key) {
			delete(m, key)
		}
	}
}
