package ingress

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// reserve keeps a Pod for each of some Revisions, and lets go of those that were kept for the SLBIngress before.
func (k *Keeper) reserve(binding string, revisions []types.NamespacedName) {
	k.mu.Lock()
	before := k.of(binding).reserved
	k.of(binding).reserved, k.of(binding).looked = revisions, true
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

// settle tells when each SLBIngress was looked at once since the start: then all is reserved that is to be.
func (k *Keeper) settle(bindings []*v1alpha1.SLBIngress) {
	k.mu.Lock()
	settled := k.settled
	k.settled = settled || !slices.ContainsFunc(bindings, func(b *v1alpha1.SLBIngress) bool {
		return b.DeletionTimestamp == nil && !k.of(b.Name).looked
	})
	now := k.settled
	k.mu.Unlock()
	if now && !settled {
		k.Reservations.Settle()
	}
}

// settleWithout settles where no SLBIngress is left to be looked at, or none was there.
func (k *Keeper) settleWithout(ctx context.Context) error {
	bindings, err := k.bindings(ctx)
	if err == nil {
		k.settle(bindings)
	}
	return err
}

func sourceOf(binding string) string { return "slb/" + binding }
