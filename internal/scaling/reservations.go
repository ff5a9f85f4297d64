// Package scaling is floors: how many Pods a Revision or a Deployment has at least, by whom that is asked, and what is made of it.
package scaling

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Reservations are floors that parts of this program ask for by themselves, such as one Pod for each Revision of a split that a
// load balancer carries. They are safe for use by many at once, and empty after a start: whoever needs one asks again.
type Reservations struct {
	mu      sync.Mutex
	byName  map[types.NamespacedName]map[string]int32
	changed func(types.NamespacedName)
}

// Reserve asks for a floor of a Revision in the name of a source, in the place of what that source asked for before; 0 lets go.
func (r *Reservations) Reserve(source string, revision types.NamespacedName, replicas int32) {
	r.mu.Lock()
	before := r.byName[revision][source]
	if r.byName == nil {
		r.byName = map[types.NamespacedName]map[string]int32{}
	}
	switch {
	case replicas > 0 && r.byName[revision] == nil:
		r.byName[revision] = map[string]int32{source: replicas}
	case replicas > 0:
		r.byName[revision][source] = replicas
	default:
		delete(r.byName[revision], source)
		if len(r.byName[revision]) == 0 {
			delete(r.byName, revision)
		}
	}
	changed := r.changed
	r.mu.Unlock()
	if changed != nil && before != max(replicas, 0) {
		changed(revision)
	}
}

// Of are the floors that are asked for, by source.
func (r *Reservations) Of(revision types.NamespacedName) map[string]int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.byName[revision])
}

// Notify has f called with each Revision whose floors change, and with all that have some now.
func (r *Reservations) Notify(f func(types.NamespacedName)) {
	r.mu.Lock()
	r.changed = f
	reserved := slices.Collect(maps.Keys(r.byName))
	r.mu.Unlock()
	for _, revision := range reserved {
		f(revision)
	}
}
