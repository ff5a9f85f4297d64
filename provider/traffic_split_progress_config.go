package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// progressConfig is a progress block, checked.
type progressConfig struct {
	// steps are percents in ascending order, and pauses what is waited for at each.
	steps  []int64
	pauses []time.Duration
	gates  []gateConfig
	hold   bool
}

// progressOf is the progress block of an apply. It is read from the configuration: a plan has no write-only attributes.
func progressOf(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) *progressConfig {
	var block types.Object
	diags.Append(config.GetAttribute(ctx, path.Root("progress"), &block)...)
	if diags.HasError() {
		return nil
	}
	c, d := readProgress(ctx, block)
	diags.Append(d...)
	return c
}

// readProgress checks a progress block as far as it is known; nil where there is none.
func readProgress(ctx context.Context, block types.Object) (*progressConfig, diag.Diagnostics) {
	var diags diag.Diagnostics
	if block.IsNull() || block.IsUnknown() {
		return nil, diags
	}
	var m progressModel
	diags.Append(block.As(ctx, &m, basetypes.ObjectAsOptions{})...)
	c := &progressConfig{hold: m.OnFailure.ValueString() == onFailureHold}
	at := path.Root("progress")
	c.readSteps(ctx, m.Steps, at, &diags)
	var gates []gateModel
	if !m.Gates.IsUnknown() {
		diags.Append(m.Gates.ElementsAs(ctx, &gates, true)...)
	}
	names := map[string]bool{}
	for i := range gates {
		g := gates[i].read(at.AtName("gate").AtListIndex(i), i, &diags)
		if names[g.Name] {
			addErrorAt(&diags, at.AtName("gate").AtListIndex(i).AtName("name"), "Two gates of one name", fmt.Sprintf("Another gate is called %q too. An error has to say which one failed: give this one another name.", g.Name))
		}
		names[g.Name] = true
		c.gates = append(c.gates, g)
	}
	return c, diags
}

func (c *progressConfig) readSteps(ctx context.Context, list types.List, at path.Path, diags *diag.Diagnostics) {
	var steps []stepModel
	if list.IsUnknown() {
		return
	}
	diags.Append(list.ElementsAs(ctx, &steps, false)...)
	if len(steps) == 0 {
		addErrorAt(diags, at, "Missing step", "progress has no step. Write at least one step block, or remove progress to write the split at once.")
	}
	for i, s := range steps {
		if i > 0 && !s.Percent.IsUnknown() && !steps[i-1].Percent.IsUnknown() && s.Percent.ValueInt64() <= steps[i-1].Percent.ValueInt64() {
			addErrorAt(diags, at.AtName("step").AtListIndex(i).AtName("percent"), "Steps not in order",
				fmt.Sprintf("The percent is %d, and that of the step before is %d. Steps go up: write them in ascending order.", s.Percent.ValueInt64(), steps[i-1].Percent.ValueInt64()))
		}
		c.steps = append(c.steps, s.Percent.ValueInt64())
		c.pauses = append(c.pauses, span(s.Pause, 0))
	}
}

// pausing is how long all pauses take together.
func (c *progressConfig) pausing() time.Duration {
	var sum time.Duration
	for _, p := range c.pauses {
		sum += p
	}
	return sum
}

// longest is how long the pauses and the gates may take together.
func (c *progressConfig) longest() time.Duration {
	if c == nil {
		return 0
	}
	sum := c.pausing()
	for _, g := range c.gates {
		sum += time.Duration(len(c.steps)) * g.longest
	}
	return sum
}
