package ingress

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// secrets reads the Secrets that KIngresses name, where the guard may. Which they are is remembered before they are read. Until there
// is one, none is watched.
func (k *Keeper) secrets(ctx context.Context, f *wanted.Facts) error {
	if !k.Secrets {
		return nil
	}
	f.Secrets = map[types.NamespacedName]*corev1.Secret{}
	names := wanted.Secrets(f.Ingresses)
	if len(names) == 0 {
		return nil
	}
	k.mu.Lock()
	if f.For.Name != "" {
		k.of(f.For.Name).secrets = names
	}
	k.mu.Unlock()
	if err := k.watchSecrets(); err != nil {
		return err
	}
	for name := range names {
		secret := &corev1.Secret{}
		switch err := k.Cache.Get(ctx, name, secret); {
		case err == nil:
			f.Secrets[name] = secret
		case !apierrors.IsNotFound(err):
			return err
		}
	}
	return nil
}

// watchSecrets has changes of Secrets looked at, from the first time on.
func (k *Keeper) watchSecrets() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watchingSecrets {
		return nil
	}
	err := k.controller.Watch(source.Kind[client.Object](k.Cache, &corev1.Secret{}, later(func(_ context.Context, o client.Object) []reconcile.Request {
		name := client.ObjectKeyFromObject(o)
		return k.with(func(m *memory) bool { return m.secrets[name] })
	})))
	k.watchingSecrets = err == nil
	return err
}
