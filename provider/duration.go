package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// duration refuses what Go does not read as a span of time, and what is shorter than the least.
type duration struct {
	least time.Duration
}

func (d duration) Description(context.Context) string {
	return fmt.Sprintf("a span of time such as \"90s\", \"5m\" or \"1h30m\", at least %s", d.least)
}

func (d duration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

func (d duration) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if span, err := time.ParseDuration(req.ConfigValue.ValueString()); err != nil || span < d.least {
		addErrorAt(&resp.Diagnostics, req.Path, "Not a span of time", fmt.Sprintf("%q is written; %s is wanted.", req.ConfigValue.ValueString(), d.Description(ctx)))
	}
}

// span is a checked duration, or what stands in for one that is not written.
func span(v types.String, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(v.ValueString()); err == nil {
		return d
	}
	return otherwise
}
