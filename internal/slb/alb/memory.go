package alb

import (
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
)

// memory is what is known about a load balancer beyond what can be read from it. A process that starts anew has none: it then waits
// once more where it had waited already.
type memory struct {
	zero    map[serverOf]time.Time // since when a server gets no requests
	unused  map[string]time.Time   // since when no rule uses a group, by its ID
	waiting map[string]time.Time   // since when a rule waits to be shifted, by its place
	ready   map[string]string      // rules that were ready once, by their place, with what they were then
	held    map[string]hold        // what was refused, by what it was about
}

type serverOf struct {
	group string // its ID
	at    endpoint
}

// hold keeps something from being tried again at once.
type hold struct {
	what   string // that was tried; something else is tried at once
	until  time.Time
	reason string
}

func newMemory() *memory {
	return &memory{
		zero: map[serverOf]time.Time{}, unused: map[string]time.Time{}, waiting: map[string]time.Time{}, ready: map[string]string{}, held: map[string]hold{},
	}
}

// since gives when something began, which is now if it is new.
func since[K comparable](m map[K]time.Time, key K, now time.Time) time.Time {
	if at, ok := m[key]; ok {
		return at
	}
	m[key] = now
	return now
}

// only forgets what is not among the keys.
func only[K comparable, V any](m map[K]V, keys sets.Set[K]) {
	for key := range m {
		if !keys.Has(key) {
			delete(m, key)
		}
	}
}
