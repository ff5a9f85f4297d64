package controller

import (
	"context"
	"maps"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// podAutoscaler lets Knative's autoscaler scale a Deployment by what the queue-proxies of its Pods say. Annotations for the
// autoscaler are those of the Pods, as in a Knative Service, but for two: Knative's activator knows only Revisions, so it can
// neither stand in for a Pod that is not there (min-scale is at least 1) nor in front of one (target-burst-capacity is 0). A
// ScalingPolicy may have others.
func podAutoscaler(ctx context.Context, d *appsv1.Deployment, of *sidecar.Injected,
	policy func(context.Context, types.NamespacedName, map[string]string) (map[string]string, error),
) (*autoscalingv1alpha1.PodAutoscaler, error) {
	labels := facts.ManagedLabels()
	for _, key := range []string{serving.ConfigurationLabelKey, serving.RevisionLabelKey, serving.RevisionUID} {
		labels[key] = of.Pod.Labels[key] // by which the autoscaler finds the Pods
	}
	annotations := maps.Clone(of.Pod.Annotations)
	maps.DeleteFunc(annotations, func(key, _ string) bool { return !forAutoscaler(key) })
	if policy != nil {
		var err error
		if annotations, err = policy(ctx, types.NamespacedName{Namespace: d.Namespace, Name: d.Name}, annotations); err != nil {
			return nil, err
		}
	}
	if _, ok := annotations[autoscaling.ClassAnnotationKey]; !ok {
		annotations[autoscaling.ClassAnnotationKey] = autoscaling.KPA
	}
	overwrite(annotations, autoscaling.MinScaleAnnotation, atLeastOne(annotations))
	overwrite(annotations, autoscaling.TargetBurstCapacityAnnotation, "0")

	owner := metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))
	owner.BlockOwnerDeletion = nil // else the guard must be allowed to change finalizers of Deployments
	pa := &autoscalingv1alpha1.PodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: of.Autoscaler, Labels: labels, Annotations: annotations, OwnerReferences: []metav1.OwnerReference{*owner},
		},
		Spec: autoscalingv1alpha1.PodAutoscalerSpec{
			ContainerConcurrency: of.Concurrency, ProtocolType: of.Protocol, Reachability: autoscalingv1alpha1.ReachabilityReachable,
			ScaleTargetRef: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name},
		},
	}
	pa.SetDefaults(ctx) // as Knative's webhook does, so that there is nothing to change afterwards
	return pa, nil
}

// merge is what is there, with what is wanted: whatever else others have written stays.
func merge(current, wanted *autoscalingv1alpha1.PodAutoscaler) *autoscalingv1alpha1.PodAutoscaler {
	next := current.DeepCopy()
	if next.Labels == nil {
		next.Labels = map[string]string{}
	}
	maps.Copy(next.Labels, wanted.Labels)
	if next.Annotations == nil {
		next.Annotations = map[string]string{}
	}
	maps.DeleteFunc(next.Annotations, func(key, _ string) bool { return forAutoscaler(key) })
	maps.Copy(next.Annotations, wanted.Annotations)
	next.Spec = wanted.Spec
	return next
}

func forAutoscaler(key string) bool { return strings.HasPrefix(key, autoscaling.GroupName+"/") }

// atLeastOne is the min-scale asked for, or 1. One that is no number stays, for Knative to refuse it by name.
func atLeastOne(annotations map[string]string) string {
	_, text, ok := autoscaling.MinScaleAnnotation.Get(annotations)
	if n, err := strconv.ParseInt(text, 10, 32); !ok || err == nil && n == 0 {
		return "1"
	}
	return text
}

// overwrite sets a key that has other spellings too.
func overwrite(annotations map[string]string, keys []string, value string) {
	for _, key := range keys {
		delete(annotations, key)
	}
	annotations[keys[0]] = value
}
