package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// returnTime is how long the return to the split before may take, whatever is left of the apply's own time.
const returnTime = 2 * time.Minute

// fail ends a move that did not get to its last step:
//
//	what ended it                          the traffic
//	a gate, before the first step          was not touched
//	a gate, and on_failure is return       goes back to where the move began
//	a gate, and on_failure is hold         stays at the step
//	somebody else moved the traffic        stays where they put it
//	time, an interrupt, a failed request   stays at the step; the next apply goes on
func (c *climb) fail(ctx context.Context, err error) {
	var heldBack *heldBackError
	var elsewhere *elsewhereError
	var late *kube.TimeoutError
	at := fmt.Sprintf("%s, %s: ", c.m.ref(), c.where())
	switch {
	case errors.As(err, &heldBack) && c.config.hold && c.moved():
		c.out.diags.AddError("A gate failed: the canary is held", at+heldBack.why+".\n\nThe traffic stays at this step (on_failure = \"hold\"). Apply again to ask the gates again, or roll back by giving "+canary.Describe(c.before)+".")
	case errors.As(err, &heldBack):
		c.giveBack(ctx, at+heldBack.why+".")
	case errors.As(err, &elsewhere):
		c.out.diags.AddError("Somebody else moved the traffic", at+elsewhere.found+"\n\nNothing more was changed. See who did it and why; then apply again to go on from there.")
	case errors.As(err, &late), errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.out.diags.AddError("Not done in time", at+err.Error()+".\n\nThe traffic stays where it is. Apply again to go on from there, or raise timeouts.")
	case errors.Is(err, kube.ErrInterrupted), ctx.Err() != nil:
		c.out.diags.AddError("Interrupted", at+err.Error()+".\n\nThe traffic stays where it is. Apply again to go on from there.")
	default:
		addProblem(c.out.diags, "Moving the traffic of", c.m.ref(), err)
	}
}

// moved says whether the traffic is not where the move began.
func (c *climb) moved() bool {
	s, err := kube.AsService(c.seen)
	return err != nil || s.Annotations[beforeAnnotation] != ""
}

// giveBack moves the traffic back to where it was before the first step. It does so with time of its own: the apply's may be
// up, and a canary that failed must not keep its share for that.
func (c *climb) giveBack(ctx context.Context, why string) {
	if !c.moved() {
		c.out.diags.AddError("A gate failed: the traffic was not touched", why+"\n\nIt stays at "+canary.Describe(c.before)+". Correct what the gate found, and apply again.")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnTime)
	defer cancel()
	tflog.Info(ctx, fmt.Sprintf("%s: back to %s: %s", c.m.ref(), canary.Describe(c.before), why))
	u, err := applyOver(ctx, c.run.client, c.m.ref(), splitObject(c.seen, apiTargets(c.before)), kube.ApplyOptions{Manager: splitManager, Force: c.m.ForceConflicts.ValueBool()})
	if err == nil {
		c.see(ctx, u)
		u, err = c.run.client.Wait(ctx, c.m.ref(), u, kube.Until(servingv1.ServiceConditionRoutesReady, u.GetGeneration()), progress(ctx, c.m.ref()))
	}
	if u != nil {
		c.see(ctx, u)
	}
	if err != nil {
		p := kube.Describe("Moving the traffic back", c.m.ref(), err)
		c.out.diags.AddError("A gate failed, and the traffic is not back", why+"\n\nMoving it back to "+canary.Describe(c.before)+" did not succeed: "+p.Error()+"\nLook at the Service and move it by hand, or apply a split that rolls back.")
		return
	}
	c.out.diags.Append(setFlag(ctx, c.out.private, unfinishedKey, false)...)
	c.out.diags.AddError("A gate failed: the traffic is back where it was", why+"\n\nThe traffic is back at "+canary.Describe(c.before)+". Correct what the gate found, and apply again to begin with the first step.")
}
