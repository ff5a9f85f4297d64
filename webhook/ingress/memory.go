package ingress

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// memory is what is remembered of an SLBIngress between two looks at it. It is empty after a start, and made anew by the first.
type memory struct {
	services map[types.NamespacedName]bool // whose endpoints matter
	secrets  map[types.NamespacedName]bool // with certificates
	reserved []types.NamespacedName        // Revisions that a Pod is kept for
	looked   bool                          // which is known
	hosts    map[wanted.HostOf]hostState
	public   netv1alpha1.LoadBalancerIngressStatus
	local    netv1alpha1.LoadBalancerIngressStatus
	applied  string // what the Service for the cluster-local listener was last made of
	told     *v1alpha1.SLBIngressStatus
}

// told is the status of a KIngress as it was last written: what the cache has may be older.
type told struct {
	uid    types.UID
	status netv1alpha1.IngressStatus
}

// of gives what is remembered; k.mu is held.
func (k *Keeper) of(binding string) *memory {
	if k.memories == nil {
		k.memories = map[string]*memory{}
	}
	if k.memories[binding] == nil {
		k.memories[binding] = &memory{}
	}
	return k.memories[binding]
}

// recall gives an SLBIngress the status that was last written: what the cache has may be older.
func (k *Keeper) recall(binding *v1alpha1.SLBIngress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last := k.of(binding.Name).told; last != nil {
		binding.Status = *last
	}
}

// record remembers how far an SLBIngress is.
func (k *Keeper) record(binding *v1alpha1.SLBIngress, plan wanted.Plan, local netv1alpha1.LoadBalancerIngressStatus, result slb.Result, failed error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.of(binding.Name)
	s.hosts, s.public, s.local = hostStates(plan, result, failed, k.Reservations.Carried), publicAddress(binding), local
}

// forget lets go of what was kept for an SLBIngress, and has KIngresses tell who serves them now.
func (k *Keeper) forget(ctx context.Context, binding string) error {
	k.mu.Lock()
	_, known := k.memories[binding]
	k.mu.Unlock()
	if !known {
		return nil
	}
	k.reserve(binding, nil)
	k.mu.Lock()
	delete(k.memories, binding)
	k.mu.Unlock()
	facts, err := k.gather(ctx, &v1alpha1.SLBIngress{})
	if err != nil {
		return err
	}
	facts.Bindings = slices.DeleteFunc(facts.Bindings, func(b *v1alpha1.SLBIngress) bool { return b.Name == binding })
	if len(facts.Bindings) == 0 {
		return nil // nothing is served any more, and nothing is looked at
	}
	return k.tell(ctx, facts)
}

// tell writes the status of each KIngress whose status is known and another. One at a time writes, for a KIngress may be served by
// two SLBIngresses, its external hosts by one and its cluster-local ones by another.
func (k *Keeper) tell(ctx context.Context, facts wanted.Facts) error {
	winners := wanted.Winners(facts.Bindings, facts.Ingresses)
	k.telling.Lock()
	defer k.telling.Unlock()
	states, before := k.snapshot(), k.told
	k.told = make(map[types.NamespacedName]told, len(facts.Ingresses))
	for _, i := range facts.Ingresses {
		if last, ok := before[client.ObjectKeyFromObject(i)]; ok && last.uid == i.UID {
			k.told[client.ObjectKeyFromObject(i)] = last
		}
	}
	for _, i := range facts.Ingresses {
		key := client.ObjectKeyFromObject(i)
		if last, ok := k.told[key]; ok {
			i = i.DeepCopy()
			i.Status = last.status
		}
		if i.DeletionTimestamp != nil {
			continue
		}
		next, known := ingressStatus(i, winners, states)
		if !known || equality.Semantic.DeepEqual(i.Status, next) {
			continue
		}
		if err := k.patchStatus(ctx, &netv1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: i.Namespace, Name: i.Name}}, next); err != nil {
			return err
		}
		k.told[key] = told{i.UID, next}
	}
	return nil
}

// patchStatus writes a status whole, whatever the cache has.
func (k *Keeper) patchStatus(ctx context.Context, o client.Object, status any) error {
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/status", "value": status}})
	if err != nil {
		return err
	}
	return client.IgnoreNotFound(k.Client.Status().Patch(ctx, o, client.RawPatch(types.JSONPatchType, patch)))
}

func (k *Keeper) snapshot() map[string]memory {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make(map[string]memory, len(k.memories))
	for name, s := range k.memories {
		out[name] = *s
	}
	return out
}

func (k *Keeper) writeStatus(ctx context.Context, binding *v1alpha1.SLBIngress, status v1alpha1.SLBIngressStatus) error {
	if equality.Semantic.DeepEqual(binding.Status, status) {
		return nil
	}
	if err := k.patchStatus(ctx, &v1alpha1.SLBIngress{ObjectMeta: metav1.ObjectMeta{Name: binding.Name}}, status); err != nil {
		return err
	}
	k.mu.Lock()
	k.of(binding.Name).told = &status
	k.mu.Unlock()
	return nil
}

// locks are one for each name.
type locks struct {
	mu sync.Mutex
	by map[string]*sync.Mutex
}

func (l *locks) lock(name string) (unlock func()) {
	l.mu.Lock()
	if l.by == nil {
		l.by = map[string]*sync.Mutex{}
	}
	if l.by[name] == nil {
		l.by[name] = &sync.Mutex{}
	}
	one := l.by[name]
	l.mu.Unlock()
	one.Lock()
	return one.Unlock
}
