package ingress

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"knative.dev/networking/pkg/apis/networking"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// mine says that this guard carries out an SLBIngress.
func (k *Keeper) mine(binding *v1alpha1.SLBIngress) bool {
	guard, named := binding.Labels[v1alpha1.GuardLabel]
	if !named {
		return k.Only == ""
	}
	return guard == k.Namespace
}

// ours says that a KIngress is of the class, and in a namespace that is looked after.
func (k *Keeper) ours(ctx context.Context, i *netv1alpha1.Ingress) (bool, error) {
	if !ofClass(i) {
		return false, nil
	}
	return k.holds(ctx, i.Namespace)
}

func ofClass(o client.Object) bool {
	return o.GetAnnotations()[networking.IngressClassAnnotationKey] == wanted.Class
}

// holds says that a namespace is one of those that are looked after.
func (k *Keeper) holds(ctx context.Context, namespace string) (bool, error) {
	if k.Namespaces == nil || k.Namespaces.Empty() {
		return true, nil
	}
	ns := &corev1.Namespace{}
	if err := k.Client.Get(ctx, client.ObjectKey{Name: namespace}, ns); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return k.Namespaces.Matches(labels.Set(ns.Labels)), nil
}
