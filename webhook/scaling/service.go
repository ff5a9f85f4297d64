package scaling

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// service writes on the Revisions of a Knative Service:
//
//	the Revision   the policy's class is its own   it gets
//	is live        yes, or no metric is set        floor, max, and metric
//	is live        no: a class cannot change       floor and max; the status tells what to do
//	is not live    any                             what it had itself
//
// There is never a new Revision: annotations for the autoscaler reach the PodAutoscaler of the one that is there.
func (k *Keeper) service(ctx context.Context, t Target, p plan) (outcome, error) {
	s := &servingv1.Service{}
	switch err := k.Client.Get(ctx, t.NamespacedName, s); {
	case apierrors.IsNotFound(err) || err == nil && s.DeletionTimestamp != nil:
		return missing(t), nil // its Revisions go with it
	case err != nil:
		return outcome{}, err
	}
	cluster, keeps, err := k.Knative.Read(ctx)
	if err != nil {
		return outcome{}, err
	}
	var list servingv1.RevisionList
	if err := k.Client.List(ctx, &list, client.InNamespace(t.Namespace), facts.OfService(t.Name), client.UnsafeDisableDeepCopy); err != nil {
		return outcome{}, err
	}
	var out outcome
	var differs []string
	for i := range list.Items {
		r := &list.Items[i]
		if owner := r.Labels[serving.ServiceUIDLabelKey]; r.DeletionTimestamp != nil || owner != "" && owner != string(s.UID) {
			continue
		}
		own := scaling.Own(r.Annotations)
		var wanted map[string]*string
		if live(r, s) {
			bounds, metric := cluster.BoundsOf(own), p.metric()
			if metric != nil && scaling.ClassFor(metric.Type) != cluster.ClassOf(own) {
				differs, metric = append(differs, r.Name), nil
			}
			reserved := k.reserved(client.ObjectKeyFromObject(r))
			out.add(r.Name, scaling.Decide(p.asked(p.shows(), bounds, cluster.Limit, reserved)))
			if !p.carries {
				metric = nil
			}
			wanted = scaling.Annotations(own, scaling.Decide(p.asked(p.carries, bounds, cluster.Limit, reserved)), bounds, metric)
		}
		change := scaling.Change(r.Annotations, wanted)
		scaling.Settle(change, cluster.ClassOf(own))
		if err := k.annotate(ctx, r, change, keeps); err != nil {
			return out, err
		}
	}
	switch {
	case len(out.carriedBy) == 0:
		out.fail("NoRevision", fmt.Sprintf("%s has no Revision with traffic or a tag yet", t))
	case len(differs) > 0:
		out.fail("ClassDiffers", fmt.Sprintf("%s: a live Revision keeps its autoscaler's class, so %s is not scaled by %s. Floors and max hold. Set autoscaling.knative.dev/class: %s on the Service's template: its next Revision is",
			strings.Join(differs, ", "), t, p.metric().Type, scaling.ClassFor(p.metric().Type)))
	}
	return k.withOwners(ctx, t, p, out)
}

// live says that a Revision has traffic or a tag, or is about to: the newest gets its floor before it is Ready, so that it never
// takes over with fewer Pods than the one before.
//
//	routingState      is the newest    live
//	active            any              yes
//	pending, or none  yes              yes
//	pending, or none  no               no
//	reserve           any              no: Knative has taken it out of every split
func live(r *servingv1.Revision, s *servingv1.Service) bool {
	switch r.GetRoutingState() {
	case servingv1.RoutingStateActive:
		return true
	case servingv1.RoutingStateReserve:
		return false
	}
	return r.Name == s.Status.LatestCreatedRevisionName
}

// annotate writes a change on a Revision as it was read: when somebody else has written it since, everything is looked at again.
// Where Knative keeps PodAutoscalers as they are, the PodAutoscaler is written first: the Revision's annotation tells what to undo.
func (k *Keeper) annotate(ctx context.Context, r *servingv1.Revision, change map[string]*string, keeps bool) error {
	_, held := r.Annotations[scaling.Annotation]
	if keeps && (held || len(change) > 0) {
		if err := k.copyOver(ctx, r, change); err != nil {
			return err
		}
	}
	if len(change) == 0 {
		return nil
	}
	return k.patch(ctx, servingv1.SchemeGroupVersion.WithKind("Revision"), r, change)
}

// copyOver brings the PodAutoscaler of a Revision to what the Revision is about to say. One that is not there yet is made of that.
func (k *Keeper) copyOver(ctx context.Context, r *servingv1.Revision, change map[string]*string) error {
	pa := &autoscalingv1alpha1.PodAutoscaler{}
	if err := k.Live.Get(ctx, client.ObjectKeyFromObject(r), pa); err != nil {
		return client.IgnoreNotFound(err)
	}
	if differs := scaling.Differences(pa.Annotations, r.Annotations, change); len(differs) > 0 {
		return client.IgnoreNotFound(k.patch(ctx, autoscalingv1alpha1.SchemeGroupVersion.WithKind("PodAutoscaler"), pa, differs))
	}
	return nil
}

// patch changes annotations of an object that is as it was read.
func (k *Keeper) patch(ctx context.Context, kind schema.GroupVersionKind, o client.Object, annotations map[string]*string) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": o.GetUID(), "resourceVersion": o.GetResourceVersion(), "annotations": annotations,
	}})
	if err != nil {
		return err
	}
	to := &metav1.PartialObjectMetadata{}
	to.SetGroupVersionKind(kind)
	to.Namespace, to.Name = o.GetNamespace(), o.GetName()
	return k.Client.Patch(ctx, to, client.RawPatch(types.MergePatchType, body), fieldOwner)
}
