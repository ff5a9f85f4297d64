package scaling

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

// outcome is what became of a plan at its target.
type outcome struct {
	// decision is the one with the largest floor, where Revisions have several.
	decision scaling.Decision
	decided  bool
	// carriedBy are those that have the floor.
	carriedBy []string
	// reason is why the policy is not carried out as it asks to be; empty where it is.
	reason, message string
	// wrote says that Revisions were other than they are now.
	wrote bool
	// again is how soon to look at the target again, though nothing changes; 0 where there is no need.
	again time.Duration
}

// add counts one that gets a floor.
func (o *outcome) add(name string, d scaling.Decision) {
	o.carriedBy = append(o.carriedBy, name)
	o.decide(d)
}

func (o *outcome) decide(d scaling.Decision) {
	if !o.decided || d.Floor > o.decision.Floor {
		o.decision, o.decided = d, true
	}
}

// lookAgain keeps the soonest.
func (o *outcome) lookAgain(after time.Duration) {
	if after > 0 && (o.again == 0 || after < o.again) {
		o.again = after
	}
}

// fail keeps the first reason: what is worst is found first.
func (o *outcome) fail(reason, message string) {
	if o.reason == "" {
		o.reason, o.message = reason, message
	}
}

func missing(t Target) outcome {
	return outcome{reason: "TargetMissing", message: fmt.Sprintf("There is no %s in the namespace %s; the floor is carried out when there is", t, t.Namespace)}
}

// second is the outcome of a policy whose target has another one, which came through while nobody asked the guard.
func second(first *v1alpha1.ScalingPolicy) outcome {
	return outcome{reason: "SecondPolicy", message: fmt.Sprintf("The ScalingPolicy %s has this target already, and is the elder: delete one of them", first.Name)}
}

// withOwners tells of somebody else who scales the Revisions of a Service. Knative puts right what they do to its Deployments and HPAs,
// so the floor holds all the same.
func (k *Keeper) withOwners(ctx context.Context, t Target, p plan, o outcome) (outcome, error) {
	owner, err := k.otherOwner(ctx, t, p)
	if owner != "" {
		o.fail("SecondOwner", fmt.Sprintf("%s is scaled by %s as well, against Knative's own autoscaler: delete it. The floor holds", t, owner))
	}
	return o, err
}

func (k *Keeper) otherOwner(ctx context.Context, t Target, p plan) (string, error) {
	if p.policy == nil {
		return "", nil
	}
	return k.Owners.Foreign(ctx, t)
}

// ready is the condition of an outcome:
//
//	the policy               the outcome    Ready    reason
//	cannot be read           any            False    Invalid
//	is a target's second     –              False    SecondPolicy
//	is suspended             any            True     Suspended: that is what it asks for
//	is a dry run             a reason       False    that reason
//	is a dry run             none           True     DryRun
//	is neither               a reason       False    that reason
//	is neither               none           True     CarriedOut
func ready(policy *v1alpha1.ScalingPolicy, p plan, o outcome) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: policy.Generation}
	switch {
	case o.reason == "SecondPolicy":
	case p.invalid != nil:
		o.reason, o.message = "Invalid", "It asks for nothing: "+p.invalid.Error()
	case policy.Spec.Suspend:
		c.Reason, c.Message = "Suspended", "The target has what it asks for itself, until suspend is false"
		return c
	}
	switch {
	case o.reason != "":
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, o.reason, o.message
	case policy.Spec.DryRun:
		c.Reason, c.Message = "DryRun", "Nothing is written; "+o.summary("would be")
	default:
		c.Reason, c.Message = "CarriedOut", o.summary("are")
	}
	return c
}

// summary is one line: how many, where, why.
func (o *outcome) summary(are string) string {
	if o.decision.Floor == 0 {
		return fmt.Sprintf("no floor holds now: there %s as many Pods as the metric says", are)
	}
	return fmt.Sprintf("there %s %d Pods at least on %s (%s)", are, o.decision.Floor, strings.Join(o.carriedBy, ", "), o.decision.From)
}
