package scaling

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// report brings the status of a policy up to date, and tells of what changed.
func (k *Keeper) report(ctx context.Context, policy *v1alpha1.ScalingPolicy, p plan, o outcome) error {
	before := policy.Status
	next := status(policy, p, o)
	if equality.Semantic.DeepEqual(before, next) {
		return nil
	}
	if err := k.apply(ctx, policy, next); err != nil {
		return client.IgnoreNotFound(err)
	}
	k.tell(policy, before, next)
	return nil
}

// status is the next one; what plugins and the event gateway say in it is theirs.
func status(policy *v1alpha1.ScalingPolicy, p plan, o outcome) v1alpha1.ScalingPolicyStatus {
	next := *policy.Status.DeepCopy()
	next.ObservedGeneration, next.Target = policy.Generation, TargetOf(policy).String()
	next.Floor, next.FloorFrom, next.Floors, next.CarriedBy, next.Transitions = 0, "", nil, nil, nil
	if policy == p.policy {
		next.Floor, next.FloorFrom, next.CarriedBy = o.decision.Floor, o.decision.From, o.carriedBy
		for _, f := range o.decision.Floors {
			next.Floors = append(next.Floors, v1alpha1.SourceFloor{Source: f.Source, Replicas: f.Replicas, Until: when(f.Until)})
		}
		for _, t := range p.transitions {
			next.Transitions = append(next.Transitions, v1alpha1.ScheduleTransition{At: metav1.NewTime(t.At), Replicas: t.After, Active: t.Active})
		}
	}
	meta.SetStatusCondition(&next.Conditions, ready(policy, p, o))
	return next
}

func when(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}

// apply writes the keeper's own fields only: plugins and the event gateway write theirs as managers of their own.
func (k *Keeper) apply(ctx context.Context, policy *v1alpha1.ScalingPolicy, next v1alpha1.ScalingPolicyStatus) error {
	next.Plugins, next.Gateways, next.EventAddress = nil, nil, ""
	next.Conditions = []metav1.Condition{*meta.FindStatusCondition(next.Conditions, v1alpha1.ConditionReady)}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&next)
	if err != nil {
		return err
	}
	return applyStatus(ctx, k.Client, policy, fields, fieldOwner)
}

// tell makes Events of what changed: the floor, and whether the policy is carried out.
func (k *Keeper) tell(policy *v1alpha1.ScalingPolicy, before, after v1alpha1.ScalingPolicyStatus) {
	if before.Floor != after.Floor && before.Target != "" { // what is found at first is no change
		k.Events.Eventf(policy, nil, corev1.EventTypeNormal, "FloorChanged", "Scale", "%s",
			facts.Note(after.Target+": "+change(before)+" → "+change(after)))
	}
	was, is := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionReady), meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionReady)
	if was != nil && was.Reason == is.Reason && was.Status == is.Status {
		return
	}
	kind := corev1.EventTypeNormal
	if is.Status != metav1.ConditionTrue {
		kind = corev1.EventTypeWarning
	}
	k.Events.Eventf(policy, nil, kind, is.Reason, "Scale", "%s", facts.Note(is.Message))
}

func change(s v1alpha1.ScalingPolicyStatus) string {
	if s.FloorFrom == "" {
		return "no floor"
	}
	return fmt.Sprintf("%d (%s)", s.Floor, s.FloorFrom)
}
