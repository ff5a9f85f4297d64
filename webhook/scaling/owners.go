package scaling

import (
	"context"
	"sync"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"knative.dev/pkg/kmeta"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// Owners finds who else scales a target, from caches. It is safe for use by many at once.
type Owners struct {
	Cache client.Reader

	mu      sync.RWMutex
	watched map[schema.GroupVersionKind]bool
}

// foreignKinds scale by a spec.scaleTargetRef, and may not be there: KEDA's, and ACK's CronHPA.
//
// Source: github.com/kedacore/keda, apis/keda/v1alpha1/scaledobject_types.go; github.com/AliyunContainerService/
// kubernetes-cronhpa-controller, pkg/apis/autoscaling/v1beta1.
func foreignKinds() map[string]schema.GroupVersionKind {
	return map[string]schema.GroupVersionKind{
		"scaledobjects.keda.sh": {Group: "keda.sh", Version: "v1alpha1", Kind: "ScaledObject"},
		"cronhorizontalpodautoscalers.autoscaling.alibabacloud.com": {Group: "autoscaling.alibabacloud.com", Version: "v1beta1", Kind: "CronHorizontalPodAutoscaler"},
	}
}

func crdKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}
}

// Foreign is one that scales a target and is neither the guard's nor Knative's own, such as "the HPA web"; empty where there is none.
//
//	what refers to                      counts as an owner of
//	a Deployment                        that Deployment
//	the Deployment of a Revision        the Revision's Service
//	an HPA (CronHPA)                    what that HPA scales: the policy's own HPA, or Knative's of a Revision
func (o *Owners) Foreign(ctx context.Context, t Target) (string, error) {
	deployments, hpas, err := o.scaledFor(ctx, t)
	if err != nil {
		return "", err
	}
	for _, kind := range foreignKinds() {
		name, err := o.foreign(ctx, t, kind, deployments, hpas)
		if err != nil || name != "" {
			return name, err
		}
	}
	var list autoscalingv2.HorizontalPodAutoscalerList
	for deployment := range deployments {
		if err := o.Cache.List(ctx, &list, client.InNamespace(t.Namespace), facts.OfTarget("Deployment", deployment), client.UnsafeDisableDeepCopy); err != nil {
			return "", err
		}
		for i := range list.Items {
			if owner := metav1.GetControllerOf(&list.Items[i]); owner == nil || owner.Kind != "ScalingPolicy" && owner.Kind != "PodAutoscaler" {
				return "the HPA " + list.Items[i].Name, nil
			}
		}
	}
	return "", nil
}

// scaledFor are the names of the Deployments behind a target, and of the HPAs that the guard or Knative has made for it.
func (o *Owners) scaledFor(ctx context.Context, t Target) (deployments, hpas map[string]bool, err error) {
	deployments, hpas = map[string]bool{}, map[string]bool{}
	if t.Kind == v1alpha1.TargetDeployment {
		deployments[t.Name] = true
		policies, err := Policies(ctx, o.Cache, t)
		for _, p := range policies {
			hpas[p.Name] = true
		}
		return deployments, hpas, err
	}
	var list servingv1.RevisionList
	err = o.Cache.List(ctx, &list, client.InNamespace(t.Namespace), facts.OfService(t.Name), client.UnsafeDisableDeepCopy)
	for i := range list.Items {
		deployments[kmeta.ChildName(list.Items[i].Name, "-deployment")] = true
		hpas[list.Items[i].Name] = true
	}
	return deployments, hpas, err
}

func (o *Owners) foreign(ctx context.Context, t Target, kind schema.GroupVersionKind, deployments, hpas map[string]bool) (string, error) {
	if !o.has(kind) {
		return "", nil
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	if err := o.Cache.List(ctx, list, client.InNamespace(t.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return "", err
	}
	for i := range list.Items {
		refKind, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "scaleTargetRef", "kind")
		refName, _, _ := unstructured.NestedString(list.Items[i].Object, "spec", "scaleTargetRef", "name")
		if (refKind == "" || refKind == "Deployment") && deployments[refName] || refKind == "HorizontalPodAutoscaler" && hpas[refName] {
			return "the " + kind.Kind + " " + list.Items[i].GetName(), nil
		}
	}
	return "", nil
}

func (o *Owners) has(kind schema.GroupVersionKind) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.watched[kind]
}

func (o *Owners) set(kind schema.GroupVersionKind, watched bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.watched == nil {
		o.watched = map[schema.GroupVersionKind]bool{}
	}
	o.watched[kind] = watched
}
