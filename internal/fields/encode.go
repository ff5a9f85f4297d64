package fields

import (
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Encode gives the JSON value that a Terraform value stands for, and false for a null or unknown one, which is left out
// of what is applied. An object or list that is written but empty is kept: it is a statement.
func (f *Field) Encode(v attr.Value) (any, bool) {
	if v == nil || v.IsNull() || v.IsUnknown() {
		return nil, false
	}
	switch v := v.(type) {
	case types.String:
		if n, err := strconv.ParseInt(v.ValueString(), 10, 32); err == nil && f.Kind == IntOrString {
			return n, true
		}
		return v.ValueString(), true
	case types.Bool:
		return f.text(v.ValueBool()), true
	case types.Int64:
		return f.text(v.ValueInt64()), true
	case types.Float64:
		return f.text(v.ValueFloat64()), true
	case types.Object:
		return f.encodeObject(v.Attributes()), true
	case types.List:
		out := make([]any, 0, len(v.Elements()))
		for _, e := range v.Elements() {
			if x, ok := f.Elem.Encode(e); ok {
				out = append(out, x)
			}
		}
		return out, true
	case types.Map:
		out := make(map[string]any, len(v.Elements()))
		for k, e := range v.Elements() {
			if x, ok := f.Elem.Encode(e); ok {
				out[k] = x
			}
		}
		return out, true
	}
	panic(fmt.Sprintf("fields: %s has a value of type %T", f.Name, v)) // a tree that does not fit its schema
}

func (f *Field) encodeObject(attrs map[string]attr.Value) map[string]any {
	out := map[string]any{}
	for i := range f.Fields {
		sub := &f.Fields[i]
		if sub.Name == "" {
			if group := sub.encodeObject(attrs); len(group) > 0 {
				put(out, sub.Key, group)
			}
			continue
		}
		if v, ok := sub.Encode(attrs[sub.Name]); ok {
			put(out, sub.Key, v)
		}
	}
	return out
}

// put sets a key, merging objects: a map of annotations and a setting kept in an annotation share one.
func put(out map[string]any, key string, v any) {
	have, isMap := out[key].(map[string]any)
	add, addsMap := v.(map[string]any)
	if !isMap || !addsMap {
		out[key] = v
		return
	}
	for k, x := range add {
		put(have, k, x)
	}
}

func (f *Field) text(v any) any {
	if f.AsText {
		return fmt.Sprint(v)
	}
	return v
}
