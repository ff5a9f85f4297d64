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
	carried map[types.NamespacedName]*carried
	carry   func(types.NamespacedName)
}

// carried is a Revision whose autoscaler knows its floor.
type carried struct {
	since time.Time
	told  bool
}

// stillDecided is how long a decision of the autoscaler from before it knew a floor may still be on its way to the Deployment.
const stillDecided = time.Second

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

// Carry says that the autoscaler knows what is reserved of a Revision. It gives how long to wait, and then to call it again: until no
// decision from before is on its way any more. Then its Pods are not let go of.
func (r *Reservations) Carry(revision types.NamespacedName, now time.Time) time.Duration {
	left, tell := r.carryOn(revision, now)
	if tell != nil {
		tell(revision)
	}
	return left
}

func (r *Reservations) carryOn(revision types.NamespacedName, now time.Time) (left time.Duration, tell func(types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[revision] == nil {
		return 0, nil
	}
	c := r.carried[revision]
	if c == nil {
		c = &carried{since: now}
		if r.carried == nil {
			r.carried = map[types.NamespacedName]*carried{}
		}
		r.carried[revision] = c
	}
	if left = c.since.Add(stillDecided).Sub(now); left > 0 || c.told {
		return max(left, 0), nil
	}
	c.told = true
	return 0, r.carry
}

// Carried says whether what is reserved of a Revision is carried out: its Pods are not let go of.
func (r *Reservations) Carried(revision types.NamespacedName) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.carried[revision]
	return c != nil && c.told
}

// NotifyCarried has f called when a Revision comes to be carried.
func (r *Reservations) NotifyCarried(f func(types.NamespacedName)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.carry = f
}
