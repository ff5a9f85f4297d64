package scaling

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

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

// deployment scales a plain Deployment by one of these, and gives back what it had by the others:
//
//	somebody else    the policy's metric   it has a PodAutoscaler   the floor is
//	scales it        any                   any                      nobody's: two would pull at it in turn
//	no               cpu, memory           any                      the least of an HPA, which is the policy's
//	no               concurrency, rps      any                      the min-scale of the PodAutoscaler, as AutoscalerKeeper makes it
//	no               none                  yes                      the same
//	no               none                  no                       its replicas, where it has fewer
func (k *Keeper) deployment(ctx context.Context, t Target, p plan) (outcome, error) {
	d := &appsv1.Deployment{}
	if err := k.Client.Get(ctx, t.NamespacedName, d); err != nil || d.DeletionTimestamp != nil {
		return missing(t), client.IgnoreNotFound(err)
	}
	owner, err := k.otherOwner(ctx, t, p)
	if err != nil {
		return outcome{}, err
	}
	pa, err := k.podAutoscaler(ctx, d)
	if err != nil {
		return outcome{}, err
	}
	if owner != "" {
		p.carries = false
	}
	m := p.metric()
	onHPA := m != nil && scaling.ClassFor(m.Type) == autoscaling.HPA
	byReplicas := m == nil && pa == nil
	if err := k.sweepHPA(ctx, t, p, onHPA && p.carries); err != nil {
		return outcome{}, err
	}
	var out outcome
	switch {
	case onHPA:
		out, err = k.hpa(ctx, d, p, pa)
	case byReplicas:
		out, err = k.replicas(ctx, d, p)
	default:
		out = k.autoscaled(ctx, d, p, pa)
	}
	if err == nil && !byReplicas {
		err = k.patchDeployment(ctx, d, scaling.Forget(held(d)))
	}
	if owner != "" {
		out.fail("SecondOwner", fmt.Sprintf("%s is scaled by %s as well, so the policy leaves it alone: two would pull at it in turn. Delete one of them", t, owner))
	}
	return out, err
}

// replicas raises a Deployment that has fewer Pods than the floor, and gives back what it had when the floor ends. Whatever others
// set meanwhile counts as its own: more Pods than the floor are never taken away, and fewer are what it goes back to.
//
//	its own replicas   floor (max taken into account)   it gets
//	below the floor    any                              the floor
//	the floor or more  any                              its own
func (k *Keeper) replicas(ctx context.Context, d *appsv1.Deployment, p plan) (outcome, error) {
	values := held(d)
	own, err := strconv.ParseInt(scaling.Own(values)[replicasKey], 10, 32)
	if err != nil {
		own = 1 // the default of a Deployment
	}
	decision := scaling.Decide(p.asked(p.shows(), scaling.Bounds{}, 0, nil))
	out := outcome{}
	out.add("Deployment/"+d.Name, decision)
	wanted := map[string]*string{}
	if p.carries && int64(decision.Floor) > own {
		n := strconv.Itoa(int(decision.Floor))
		wanted[replicasKey] = &n
	}
	return out, k.patchDeployment(ctx, d, scaling.Change(values, wanted))
}

// replicasKey stands for spec.replicas among annotations.
const replicasKey = "replicas"

// held are a Deployment's annotations and replicas, for scaling.Change.
func held(d *appsv1.Deployment) map[string]string {
	out := maps.Clone(d.Annotations)
	if out == nil {
		out = map[string]string{}
	}
	if d.Spec.Replicas != nil {
		out[replicasKey] = strconv.Itoa(int(*d.Spec.Replicas))
	}
	return out
}

func (k *Keeper) patchDeployment(ctx context.Context, d *appsv1.Deployment, change map[string]*string) error {
	if len(change) == 0 {
		return nil
	}
	patch := map[string]any{}
	if n, ok := change[replicasKey]; ok && n != nil {
		patch["spec"] = map[string]any{"replicas": json.Number(*n)}
	}
	delete(change, replicasKey)
	patch["metadata"] = map[string]any{"uid": d.UID, "resourceVersion": d.ResourceVersion, "annotations": change}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	to := &metav1.PartialObjectMetadata{}
	to.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("Deployment"))
	to.Namespace, to.Name = d.Namespace, d.Name
	return client.IgnoreNotFound(k.Client.Patch(ctx, to, client.RawPatch(types.MergePatchType, body), fieldOwner))
}

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
