package scaling

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Floor is how many Pods a source asks for at least.
type Floor struct {
	// Source says by whom: min, target, schedule/NAME, event, plugin/NAME, reservation/NAME.
	Source string
	// Replicas is how many; 0 asks for none.
	Replicas int32
	// Until is when it ends, in UTC; zero where that is not known.
	Until time.Time
}

// Source is a part of this program that asks for floors by itself: plugins. It is safe for use by many at once.
type Source interface {
	// Floors are what it asks for now in the name of a policy. It answers at once, from memory: it is asked in each reconciliation.
	// After a start it has to answer as it did before, as far as it can: from the policy's status, for example.
	Floors(policy types.NamespacedName) []Floor
	// Notify has f called with each policy whose floors change: then they are asked for again, and not otherwise. f does not wait.
	Notify(f func(policy types.NamespacedName))
}
