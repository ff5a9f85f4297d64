// Package scaling is floors: how many Pods a Revision or a Deployment has at least, by whom that is asked, and what is made of it.
package scaling

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Reservations are floors that parts of this program ask for by themselves, such as one Pod for each Revision of a split that a
// load balancer carries. They are safe for use by many at once, and empty after a start: whoever needs one asks again. Where somebody
// will, none is known to be missing until Settle.
type Reservations struct {
	mu      sync.Mutex
	byName  map[types.NamespacedName]map[string]int32
	changed func(types.NamespacedName)
	awaited bool
	asked   map[types.NamespacedName]bool // while that was not known
	carried map[types.NamespacedName]*carrying
	carry   func(types.NamespacedName)
}

// Await says that somebody is going to reserve, and then to call Settle.
func (r *Reservations) Await() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awaited, r.asked = true, map[types.NamespacedName]bool{}
}

// Settle says that all is reserved that was before the start. Those that asked too early are told.
func (r *Reservations) Settle() {
	r.mu.Lock()
	asked, changed := r.asked, r.changed
	r.awaited, r.asked = false, nil
	r.mu.Unlock()
	if changed == nil {
		return
	}
	for revision := range asked {
		changed(revision)
	}
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
			delete(r.carried, revision)
		}
	}
	changed := r.changed
	r.mu.Unlock()
	if changed != nil && before != max(replicas, 0) {
		changed(revision)
	}
}

// Of are the floors that are asked for, by source, and whether these are known to be all.
func (r *Reservations) Of(revision types.NamespacedName) (floors map[string]int32, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.awaited {
		r.asked[revision] = true
	}
	return maps.Clone(r.byName[revision]), !r.awaited
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

// Observe tells whether Knows holds now for what is reserved of a Revision, and gives when to look again until it is carried out; 0
// where there is no need.
func (r *Reservations) Observe(revision types.NamespacedName, known bool, now time.Time) time.Duration {
	again, tell := r.observe(revision, known, now)
	if tell != nil {
		tell(revision)
	}
	return again
}

func (r *Reservations) observe(revision types.NamespacedName, known bool, now time.Time) (again time.Duration, tell func(types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.pending(revision) {
		return 0, nil
	}
	if r.carried == nil {
		r.carried = map[types.NamespacedName]*carrying{}
	}
	if r.carried[revision] == nil {
		r.carried[revision] = &carrying{since: now}
	}
	again = r.carried[revision].observe(known, now)
	if !r.carried[revision].done {
		return again, nil
	}
	return 0, r.carry
}

// Pending says that something is reserved of a Revision and not carried out yet.
func (r *Reservations) Pending(revision types.NamespacedName) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pending(revision)
}

// Carried says whether what is reserved of a Revision is carried out: its Pods are not let go of.
func (r *Reservations) Carried(revision types.NamespacedName) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[revision] != nil && !r.pending(revision)
}

func (r *Reservations) pending(revision types.NamespacedName) bool {
	return r.byName[revision] != nil && (r.carried[revision] == nil || !r.carried[revision].done)
}

// NotifyCarried has f called when a Revision comes to be carried.
func (r *Reservations) NotifyCarried(f func(types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.carry = f
}
