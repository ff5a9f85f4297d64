package ingress

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// reserve keeps a Pod for each of some Revisions, and lets go of those that were kept for the SLBIngress before.
func (k *Keeper) reserve(binding string, revisions []types.NamespacedName) {
	k.mu.Lock()
	before := k.of(binding).reserved
	k.of(binding).reserved = revisions
	k.mu.Unlock()
	for _, r := range revisions {
		k.Reservations.Reserve(sourceOf(binding), r, 1)
	}
	for _, r := range before {
		if !slices.Contains(revisions, r) {
			k.Reservations.Reserve(sourceOf(binding), r, 0)
		}
	}
}

func sourceOf(binding string) string { return "slb/" + binding }
