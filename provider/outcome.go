package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// outcome is where a create, read or update leaves what came of it.
type outcome struct {
	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
	private  privateState
	diags    *diag.Diagnostics
}

// unfinishedKey marks a rollout whose wait has not ended well: Terraform itself would show a clean plan after it.
const unfinishedKey = "unfinished"

// privateState is the part of a resource's private state that is used here.
type privateState interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

func setFlag(ctx context.Context, p privateState, key string, on bool) diag.Diagnostics {
	value, _ := json.Marshal(on)
	return p.SetKey(ctx, key, value)
}

func flag(ctx context.Context, p privateReader, key string) bool {
	value, _ := p.GetKey(ctx, key)
	return string(value) == "true"
}
