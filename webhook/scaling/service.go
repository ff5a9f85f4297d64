package scaling

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
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
	kept := map[types.NamespacedName]int32{}
	for i := range list.Items {
		r := &list.Items[i]
		if owner := r.Labels[serving.ServiceUIDLabelKey]; r.DeletionTimestamp != nil || owner != "" && owner != string(s.UID) {
			continue
		}
		own := scaling.Own(r.Annotations)
		var wanted map[string]*string
		var reserved []scaling.Floor
		if live(r, s) {
			bounds, metric := cluster.BoundsOf(own), p.metric()
			if metric != nil && scaling.ClassFor(metric.Type) != cluster.ClassOf(own) {
				differs, metric = append(differs, r.Name), nil
			}
			reserved = k.reserved(r)
			asked := func(counts bool) scaling.Asked {
				a := p.asked(counts, bounds, cluster.Limit, reserved)
				if p.policy != nil {
					a.Floors = scaling.ShareOfEvents(a.Floors, p.policy.Status.Gateways, r.Name, k.Now())
				}
				return a
			}
			out.add(r.Name, scaling.Decide(asked(p.shows())))
			if !p.carries {
				metric = nil
			}
			wanted = scaling.Annotations(own, scaling.Decide(asked(p.carries)), bounds, metric)
			if p.carries && p.policy.Spec.Event != nil {
				scaling.WithEvents(wanted, cluster.ClassOf(own))
			}
		}
		wrote, err := k.annotate(ctx, r, wanted, cluster.ClassOf(own), keeps)
		if err != nil {
			return out, err
		}
		out.wrote = out.wrote || wrote
		for _, f := range reserved {
			key := client.ObjectKeyFromObject(r)
			kept[key] = max(kept[key], f.Replicas)
		}
	}
	if err := k.observe(ctx, kept, &out); err != nil { // when all floors are written
		return out, err
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
	state := r.GetRoutingState()
	return state == servingv1.RoutingStateActive || state != servingv1.RoutingStateReserve && r.Name == s.Status.LatestCreatedRevisionName
}
