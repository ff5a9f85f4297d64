package fields

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ResourceAttributes is the resource schema of an Object's fields: each required or optional, none computed.
func (f *Field) ResourceAttributes() map[string]schema.Attribute {
	out := make(map[string]schema.Attribute, len(f.Fields))
	for i := range f.Fields {
		sub := &f.Fields[i]
		if sub.Name != "" {
			out[sub.Name] = sub.ResourceAttribute()
			continue
		}
		maps.Copy(out, sub.ResourceAttributes())
	}
	return out
}

// ResourceAttribute is the resource schema of one field.
func (f *Field) ResourceAttribute() schema.Attribute {
	optional := !f.Required
	switch {
	case f.Kind == Object:
		return schema.SingleNestedAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, Attributes: f.ResourceAttributes()}
	case f.Kind == List && f.Elem.Kind == Object:
		return schema.ListNestedAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, NestedObject: schema.NestedAttributeObject{Attributes: f.Elem.ResourceAttributes()}}
	case f.Kind == List:
		return schema.ListAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, ElementType: f.Elem.typ}
	case f.Kind == Map:
		return schema.MapAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, ElementType: f.Elem.typ, Validators: f.mapValidators()}
	case f.Kind == Bool:
		return schema.BoolAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc}
	case f.Kind == Int:
		return schema.Int64Attribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, Validators: f.IntValidators}
	case f.Kind == Float:
		return schema.Float64Attribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, Validators: f.FloatValidators}
	}
	return schema.StringAttribute{Required: f.Required, Optional: optional, MarkdownDescription: f.Doc, Validators: f.stringValidators()}
}

func (f *Field) stringValidators() []validator.String {
	if f.Kind == Quantity {
		return append([]validator.String{quantity{}}, f.Validators...)
	}
	return f.Validators
}

func (f *Field) mapValidators() []validator.Map {
	if f.Elem.Kind == Quantity {
		return []validator.Map{quantity{}}
	}
	return nil
}

// quantity refuses what Kubernetes would not read as an amount.
type quantity struct{}

func (quantity) Description(context.Context) string {
	return `an amount such as "250m", "1.5" or "512Mi"`
}

func (q quantity) MarkdownDescription(ctx context.Context) string { return q.Description(ctx) }

func (quantity) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if detail := badQuantity(req.ConfigValue); detail != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid quantity", detail)
	}
}

func (quantity) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for key, v := range req.ConfigValue.Elements() {
		if detail := badQuantity(v); detail != "" {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "Invalid quantity", detail)
		}
	}
}

func badQuantity(v attr.Value) string {
	s, ok := v.(types.String)
	if !ok || s.IsNull() || s.IsUnknown() {
		return ""
	}
	if _, err := resource.ParseQuantity(s.ValueString()); err != nil {
		return fmt.Sprintf(`%q is not an amount that Kubernetes reads. Write a number with an optional unit, such as "250m", "1.5" or "512Mi".`, s.ValueString())
	}
	return ""
}

func nullOf(t attr.Type) attr.Value {
	switch t := t.(type) {
	case types.ObjectType:
		return types.ObjectNull(t.AttrTypes)
	case types.ListType:
		return types.ListNull(t.ElemType)
	case types.MapType:
		return types.MapNull(t.ElemType)
	}
	switch t {
	case types.BoolType:
		return types.BoolNull()
	case types.Int64Type:
		return types.Int64Null()
	case types.Float64Type:
		return types.Float64Null()
	}
	return types.StringNull()
}
