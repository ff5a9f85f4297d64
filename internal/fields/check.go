package fields

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Check runs the validators of a configured value and of all in it, as the framework does for blocks; see OpaqueAttributes.
func (f *Field) Check(ctx context.Context, at path.Path, v attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	if v == nil || v.IsNull() || v.IsUnknown() {
		return diags
	}
	switch v := v.(type) {
	case types.Object:
		for _, rule := range f.requires() {
			resp := validator.ObjectResponse{}
			rule.ValidateObject(ctx, validator.ObjectRequest{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
		attrs := v.Attributes()
		for sub := range f.named() {
			diags.Append(sub.Check(ctx, at.AtName(sub.Name), attrs[sub.Name])...)
		}
	case types.List:
		for _, rule := range f.ListValidators {
			resp := validator.ListResponse{}
			rule.ValidateList(ctx, validator.ListRequest{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
		for i, item := range v.Elements() {
			diags.Append(f.Elem.Check(ctx, at.AtListIndex(i), item)...)
		}
	case types.Map:
		for _, rule := range f.mapValidators() {
			resp := validator.MapResponse{}
			rule.ValidateMap(ctx, validator.MapRequest{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.String:
		for _, rule := range f.stringValidators() {
			resp := validator.StringResponse{}
			rule.ValidateString(ctx, validator.StringRequest{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.Int64:
		for _, rule := range f.IntValidators {
			resp := validator.Int64Response{}
			rule.ValidateInt64(ctx, validator.Int64Request{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	case types.Float64:
		for _, rule := range f.FloatValidators {
			resp := validator.Float64Response{}
			rule.ValidateFloat64(ctx, validator.Float64Request{Path: at, ConfigValue: v}, &resp)
			diags.Append(resp.Diagnostics...)
		}
	}
	return diags
}
