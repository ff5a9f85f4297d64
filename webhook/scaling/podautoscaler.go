package scaling

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

// podAutoscaler is the one that the guard has made for a Deployment whose Pods have a queue-proxy; nil where there is none.
func (k *Keeper) podAutoscaler(ctx context.Context, d *appsv1.Deployment) (*autoscalingv1alpha1.PodAutoscaler, error) {
	var list autoscalingv1alpha1.PodAutoscalerList
	if err := k.Client.List(ctx, &list, client.InNamespace(d.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], d) && list.Items[i].DeletionTimestamp == nil {
			return &list.Items[i], nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// autoscaled has the PodAutoscaler brought up to date, and says what it is to be.
func (k *Keeper) autoscaled(ctx context.Context, d *appsv1.Deployment, p plan, pa *autoscalingv1alpha1.PodAutoscaler) outcome {
	var out outcome
	cluster, _, err := k.Knative.Read(ctx)
	if err != nil {
		out.fail("NoConfiguration", err.Error())
		return out
	}
	decision := scaling.Decide(p.asked(p.shows(), cluster.BoundsOf(d.Spec.Template.Annotations), cluster.Limit, nil))
	k.Autoscale(client.ObjectKeyFromObject(d))
	switch {
	case pa != nil:
		out.add("PodAutoscaler/"+pa.Name, decision)
	case d.Spec.Template.Annotations[sidecar.AnnotationInject] != "true":
		out.decide(decision)
		out.fail("NotInjected", fmt.Sprintf("Deployment/%s is to be scaled by %s, which a queue-proxy counts: ask for one by the annotation %s: \"true\" on its Pod template", d.Name, p.metric().Type, sidecar.AnnotationInject))
	default:
		out.decide(decision)
		out.fail("NoPodAutoscaler", fmt.Sprintf("Deployment/%s has no PodAutoscaler yet: it gets one when all of its Pods have a queue-proxy. Events on the Deployment tell why a Pod has none", d.Name))
	}
	return out
}

// Autoscaler is what a policy makes of the annotations of a plain Deployment's PodAutoscaler. It is what AutoscalerKeeper asks.
func (k *Keeper) Autoscaler(ctx context.Context, deployment types.NamespacedName, own map[string]string) (map[string]string, error) {
	t := Target{deployment, v1alpha1.TargetDeployment}
	policies, err := Policies(ctx, k.Client, t)
	if err != nil || len(policies) == 0 {
		return own, err
	}
	p := k.plan(policies, k.Now())
	cluster, _, err := k.Knative.Read(ctx)
	m := p.metric()
	if err != nil || !p.carries || m != nil && scaling.ClassFor(m.Type) == autoscaling.HPA {
		return own, err
	}
	bounds := cluster.BoundsOf(own)
	out := map[string]string{}
	maps.Copy(out, own)
	for key, v := range scaling.Annotations(own, scaling.Decide(p.asked(true, bounds, cluster.Limit, nil)), bounds, m) {
		delete(out, key)
		if v != nil {
			out[key] = *v
		}
	}
	return out, nil
}
