package scaling

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyautoscaling "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	applymeta "k8s.io/client-go/applyconfigurations/meta/v1"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// hpa keeps an HPA of the policy's name for a plain Deployment. It is the policy's, so that it goes with it: the Deployment keeps the
// Pods that it has then.
//
//	the HPA of that name   is the policy's    then
//	is not there           –                  it is made
//	says what is wanted    yes                nothing
//	says something else    yes                it is brought back
//	is there               no                 it is left alone, and the status says so
func (k *Keeper) hpa(ctx context.Context, d *appsv1.Deployment, p plan, pa *autoscalingv1alpha1.PodAutoscaler) (outcome, error) {
	var out outcome
	decision := scaling.Decide(p.asked(p.shows(), scaling.Bounds{}, 0, nil))
	if pa != nil {
		out.decide(decision)
		out.fail("SecondOwner", fmt.Sprintf("Deployment/%s is scaled by the PodAutoscaler %s of its queue-proxies already: take the annotation that asks for them off its Pod template, or scale by concurrency or rps", d.Name, pa.Name))
		return out, nil
	}
	out.add("HorizontalPodAutoscaler/"+p.policy.Name, decision)
	if !p.carries {
		return out, nil
	}
	current := &autoscalingv2.HorizontalPodAutoscaler{}
	// Past the cache where it is not in it: that has none of Knative's own.
	err := k.Client.Get(ctx, client.ObjectKeyFromObject(p.policy), current)
	if apierrors.IsNotFound(err) {
		err = k.Live.Get(ctx, client.ObjectKeyFromObject(p.policy), current)
	}
	switch {
	case client.IgnoreNotFound(err) != nil:
		return out, err
	case err == nil && !metav1.IsControlledBy(current, p.policy):
		out.fail("NameTaken", fmt.Sprintf("There is an HPA %s that is not the policy's: delete it, or give the policy another name", current.Name))
		return out, nil
	}
	wanted := hpaSpec(d, decision, p.policy)
	if err == nil && equality.Semantic.DeepEqual(current.Spec.ScaleTargetRef, wanted.ScaleTargetRef) && equality.Semantic.DeepEqual(current.Spec.Metrics, wanted.Metrics) &&
		equality.Semantic.DeepEqual(current.Spec.MinReplicas, wanted.MinReplicas) && current.Spec.MaxReplicas == wanted.MaxReplicas {
		return out, nil
	}
	return out, k.Client.Apply(ctx, applyHPA(p.policy, wanted), fieldOwner, client.ForceOwnership)
}

// hpaSpec has at least one Pod: an HPA cannot have none.
func hpaSpec(d *appsv1.Deployment, decision scaling.Decision, p *v1alpha1.ScalingPolicy) autoscalingv2.HorizontalPodAutoscalerSpec {
	name := corev1.ResourceCPU
	if p.Spec.Metric.Type == v1alpha1.Memory {
		name = corev1.ResourceMemory
	}
	return autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: d.Name},
		MinReplicas:    new(max(decision.Floor, 1)), MaxReplicas: max(*p.Spec.Max, 1),
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: name, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &p.Spec.Metric.Target},
		}}},
	}
}

func applyHPA(p *v1alpha1.ScalingPolicy, spec autoscalingv2.HorizontalPodAutoscalerSpec) *applyautoscaling.HorizontalPodAutoscalerApplyConfiguration {
	metric := spec.Metrics[0].Resource
	return applyautoscaling.HorizontalPodAutoscaler(p.Name, p.Namespace).WithLabels(facts.ManagedLabels()).
		WithOwnerReferences(applymeta.OwnerReference().WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind("ScalingPolicy").
			WithName(p.Name).WithUID(p.UID).WithController(true)).
		WithSpec(applyautoscaling.HorizontalPodAutoscalerSpec().WithMinReplicas(*spec.MinReplicas).WithMaxReplicas(spec.MaxReplicas).
			WithScaleTargetRef(applyautoscaling.CrossVersionObjectReference().WithAPIVersion(spec.ScaleTargetRef.APIVersion).
				WithKind(spec.ScaleTargetRef.Kind).WithName(spec.ScaleTargetRef.Name)).
			WithMetrics(applyautoscaling.MetricSpec().WithType(autoscalingv2.ResourceMetricSourceType).WithResource(
				applyautoscaling.ResourceMetricSource().WithName(metric.Name).WithTarget(
					applyautoscaling.MetricTarget().WithType(metric.Target.Type).WithAverageUtilization(*metric.Target.AverageUtilization)))))
}

// sweepHPA deletes the policy's HPA where it wants none any more.
func (k *Keeper) sweepHPA(ctx context.Context, t Target, p plan, wanted bool) error {
	if wanted || p.policy == nil {
		return nil // that of a policy that is gone is garbage, and collected
	}
	own := &autoscalingv2.HorizontalPodAutoscaler{}
	err := k.Client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: p.policy.Name}, own)
	if err != nil || !metav1.IsControlledBy(own, p.policy) || own.DeletionTimestamp != nil {
		return client.IgnoreNotFound(err)
	}
	return client.IgnoreNotFound(k.Client.Delete(ctx, own, client.Preconditions{UID: &own.UID}))
}
