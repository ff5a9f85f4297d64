package ingress

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// byService is the index of EndpointSlices by the Service that they are of.
const byService = "service"

// gather reads from the cache what a plan is made of.
func (k *Keeper) gather(ctx context.Context, binding *v1alpha1.SLBIngress) (wanted.Facts, error) {
	f := wanted.Facts{
		For: binding, Cluster: k.cluster, ProbeRules: k.ProbeRules,
		Services: map[types.NamespacedName]*corev1.Service{}, Slices: map[types.NamespacedName][]*discoveryv1.EndpointSlice{},
	}
	var err error
	if f.Bindings, err = k.bindings(ctx); err != nil {
		return f, err
	}
	for i, b := range f.Bindings {
		if b.Name == binding.Name {
			f.Bindings[i] = binding // with the finalizer, perhaps
		}
	}
	var ingresses netv1alpha1.IngressList
	if err := k.Client.List(ctx, &ingresses, client.UnsafeDisableDeepCopy); err != nil {
		return f, err
	}
	for i := range ingresses.Items {
		in, err := k.ours(ctx, &ingresses.Items[i])
		if err != nil {
			return f, err
		}
		if in {
			f.Ingresses = append(f.Ingresses, &ingresses.Items[i])
		}
	}
	err = firstOf(k.secrets(ctx, &f), k.backends(ctx, &f))
	return f, err
}

// bindings are the SLBIngresses that this guard carries out.
func (k *Keeper) bindings(ctx context.Context) ([]*v1alpha1.SLBIngress, error) {
	var list v1alpha1.SLBIngressList
	if err := k.Client.List(ctx, &list); err != nil {
		return nil, err
	}
	var out []*v1alpha1.SLBIngress
	for i := range list.Items {
		if k.mine(&list.Items[i]) {
			out = append(out, &list.Items[i])
		}
	}
	return out, nil
}

// backends reads the Services that KIngresses lead to. Which they are is remembered before they are read, so that no change of them
// goes by unseen.
func (k *Keeper) backends(ctx context.Context, f *wanted.Facts) error {
	names := wanted.Backends(f.Ingresses)
	k.mu.Lock()
	if f.For.Name != "" {
		k.of(f.For.Name).services = names
	}
	k.mu.Unlock()
	for name := range names {
		service := &corev1.Service{}
		err := k.Client.Get(ctx, name, service)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		f.Services[name] = service
		var slices discoveryv1.EndpointSliceList
		if err := k.Client.List(ctx, &slices, client.InNamespace(name.Namespace), client.MatchingFields{byService: name.Name}, client.UnsafeDisableDeepCopy); err != nil {
			return err
		}
		for i := range slices.Items {
			f.Slices[name] = append(f.Slices[name], &slices.Items[i])
		}
	}
	return nil
}

// prepare starts what is only needed when there is an SLBIngress: until then nothing else is watched or kept.
func (k *Keeper) prepare(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.watching {
		return nil
	}
	system := &metav1.PartialObjectMetadata{}
	system.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := k.Live.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, system); err != nil {
		return err
	}
	k.cluster = string(system.UID)
	if err := k.Cache.IndexField(ctx, &discoveryv1.EndpointSlice{}, byService, func(o client.Object) []string {
		return []string{o.GetLabels()[discoveryv1.LabelServiceName]}
	}); err != nil {
		return err
	}
	for _, source := range k.sources() {
		if err := k.controller.Watch(source); err != nil {
			return err
		}
	}
	k.watching = true
	return nil
}
