package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// servicePacker names the attributes of knative_service that the framework has as one text each.
var servicePacker = wire.Packer{Blocks: []string{"traffic"}, Others: []string{"template", "conditions", "traffic_status"}}

// blockForm is the form in which a schema has blocks: see server.
type blockForm int

const (
	packedBlocks blockForm = iota
	shownBlocks
)

// packedAttributes are what the framework's schema has in their place.
func packedAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"template": schema.StringAttribute{Optional: true}, "traffic": schema.StringAttribute{Optional: true},
		"conditions": schema.StringAttribute{Computed: true}, "traffic_status": schema.StringAttribute{Computed: true},
	}
}

// unpack reads the value in a packed attribute.
func unpack[T attr.Value](diags *diag.Diagnostics, form wire.Form, from types.String, to *T, t attr.Type) {
	var v attr.Value
	var err error
	switch {
	case from.IsNull():
		v = wire.Null(t)
	case from.IsUnknown():
		v = wire.Unknown(t)
	default:
		v, err = form.Decode(t, []byte(from.ValueString()))
	}
	value, ok := v.(T)
	if err != nil || !ok {
		diags.AddError("Provider bug", fmt.Sprintf("A value of %s cannot be read: %v. Please report it.", t, err))
		return
	}
	*to = value
}

// pack writes a value as a packed attribute.
func pack(diags *diag.Diagnostics, form wire.Form, v attr.Value, to *types.String) {
	if v.IsUnknown() {
		*to = types.StringUnknown()
		return
	}
	data, err := form.Encode(v)
	if err != nil {
		diags.AddError("Provider bug", fmt.Sprintf("A value cannot be written: %v. Please report it.", err))
	}
	*to = types.StringValue(string(data))
	if v.IsNull() {
		*to = types.StringNull()
	}
}
