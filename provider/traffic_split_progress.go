package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// climb carries a split through its steps.
type climb struct {
	*trafficSplitResource
	m      *trafficSplitModel
	config *progressConfig
	out    outcome

	move canary.Move
	// before is the split to return to.
	before []rollout.Target
	// stage is the one that is held, or is about to be.
	stage canary.Stage
	// began is the Service as it was at first, and seen as it was seen last.
	began, seen *unstructured.Unstructured
}

// advance moves the traffic step by step, from where the cluster is, and says whether the whole split may be written now.
func (r *trafficSplitResource) advance(ctx context.Context, m *trafficSplitModel, config *progressConfig, live *unstructured.Unstructured, out outcome) bool {
	move, err := m.moveFrom(ctx, live, r.run.client.Get)
	if err != nil {
		addProblem(out.diags, "Planning the steps of", m.ref(), err)
		return false
	}
	stages := move.Stages(config.steps)
	if len(stages) == 0 {
		return true
	}
	if config.addMissingTags(move.End, out.diags); out.diags.HasError() {
		return false
	}
	c := &climb{trafficSplitResource: r, m: m, config: config, out: out, move: move, before: move.Before, stage: stages[0], began: live, seen: live}
	if c.before == nil {
		c.before = move.Live
	}
	tflog.Info(ctx, fmt.Sprintf("%s: from %s to %s, beginning with %s", m.ref(), canary.Describe(move.Live), canary.Describe(move.End), c.where()))
	if err := c.steps(ctx, stages); err != nil {
		c.fail(ctx, err)
		return false
	}
	return true
}

func (c *climb) steps(ctx context.Context, stages []canary.Stage) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	for _, c.stage = range stages {
		if err := c.hold(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hold writes a step, waits until it is carried out and its pause is over, and asks the gates. In the end the traffic is
// still where it put it.
func (c *climb) hold(ctx context.Context) error {
	tflog.Info(ctx, fmt.Sprintf("%s: %s", c.m.ref(), c.where()))
	object := progressObject(splitObject(c.seen, apiTargets(c.stage.Split)), c.before, c.stage.Split)
	u, err := applyOver(ctx, c.run.client, c.m.ref(), object, kube.ApplyOptions{Manager: splitManager, Force: c.m.ForceConflicts.ValueBool()})
	if err != nil {
		return err
	}
	c.out.diags.Append(setFlag(ctx, c.out.private, unfinishedKey, true)...)
	c.see(ctx, u)
	if err := c.watch(ctx, 0); err != nil {
		return err
	}
	if pause := c.config.pauses[c.stage.Step]; pause > 0 {
		tflog.Info(ctx, fmt.Sprintf("%s: %s: pausing for %s", c.m.ref(), c.where(), pause))
		if err := c.watch(ctx, pause); err != nil {
			return err
		}
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	if err := c.ask(ctx); err != nil {
		return err
	}
	return c.undisturbed(ctx)
}

// see saves what the cluster holds as the state: wherever the apply ends, that is the truth.
func (c *climb) see(ctx context.Context, u *unstructured.Unstructured) {
	c.seen = u
	now := *c.m
	if err := now.read(u); err != nil {
		c.out.diags.AddError("Cannot read the split", err.Error())
	}
	c.save(ctx, &now, u, c.out)
}

// where says which step is held, and what it does.
func (c *climb) where() string {
	return fmt.Sprintf("step %d of %d (%s)", c.stage.Step+1, len(c.config.steps), canary.Describe(c.stage.Split))
}

// followsLatest says whether the wanted split has a target that is the latest Ready Revision, whichever that is.
func (c *climb) followsLatest() bool {
	wanted, _ := targetsOf(c.m.Traffic)
	return slices.ContainsFunc(wanted, func(t rollout.Target) bool { return t.Latest })
}
