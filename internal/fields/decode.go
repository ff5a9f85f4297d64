package fields

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// Decode reads a live JSON value into Terraform's form, seen from what Terraform knew before:
//
//	prior   live                      result
//	null    anything                  null: not ours
//	set     absent                    null, or prior where it says the same as absent ("", 0, false, [], {})
//	set     the same by meaning       prior, as the user wrote it
//	set     something else            live: a change that the plan will show
//
// It fails where the live value is of another type than the field.
func (f *Field) Decode(live any, prior attr.Value) (attr.Value, error) {
	if prior == nil || prior.IsNull() {
		return f.null(), nil
	}
	return f.decode(live, prior)
}

// Adopt reads a live JSON value whole: for a data source, or for an object that is being imported.
func (f *Field) Adopt(live any) (attr.Value, error) { return f.decode(live, nil) }

// decode takes everything where prior is nil.
func (f *Field) decode(live any, prior attr.Value) (attr.Value, error) {
	if live == nil {
		if prior != nil && f.saysNothing(prior) {
			return prior, nil
		}
		return f.null(), nil
	}
	switch f.Kind {
	case Object:
		return f.decodeObject(live, prior)
	case List:
		return f.decodeList(live, prior)
	case Map:
		return f.decodeMap(live, prior)
	default:
		return f.decodeScalar(live, prior)
	}
}

func (f *Field) decodeObject(live any, prior attr.Value) (attr.Value, error) {
	object, ok := live.(map[string]any)
	if !ok {
		return nil, f.mismatch(live)
	}
	var known map[string]attr.Value
	if prior != nil {
		known = prior.(types.Object).Attributes()
	}
	attrs := make(map[string]attr.Value, len(f.Fields))
	if err := f.decodeFields(object, known, attrs); err != nil {
		return nil, err
	}
	if prior == nil && len(object) > 0 && allNull(attrs) {
		return f.null(), nil // it holds other things; an empty object is a statement (emptyDir: {})
	}
	return types.ObjectValueMust(f.AttrTypes(), attrs), nil
}

func (f *Field) decodeFields(object map[string]any, known, attrs map[string]attr.Value) error {
	for i := range f.Fields {
		sub := &f.Fields[i]
		if sub.Name == "" {
			group, _ := object[sub.Key].(map[string]any)
			if err := sub.decodeFields(group, known, attrs); err != nil {
				return err
			}
			continue
		}
		live, read := object[sub.Key], sub.Decode
		if known == nil {
			live = f.unclaimed(sub, live)
			read = func(live any, _ attr.Value) (attr.Value, error) { return sub.Adopt(live) }
		}
		v, err := read(live, known[sub.Name])
		if err != nil {
			return err
		}
		attrs[sub.Name] = v
	}
	return nil
}

// unclaimed leaves out of a map of free keys those that a sibling field types: min_scale is not an annotation as well.
func (f *Field) unclaimed(sub *Field, live any) any {
	m, ok := live.(map[string]any)
	if !ok || sub.Kind != Map {
		return live
	}
	out := maps.Clone(m)
	for i := range f.Fields {
		if sibling := &f.Fields[i]; sibling.Kind == Object && sibling.Key == sub.Key {
			for j := range sibling.Fields {
				delete(out, sibling.Fields[j].Key)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (f *Field) decodeList(live any, prior attr.Value) (attr.Value, error) {
	items, ok := live.([]any)
	if !ok {
		return nil, f.mismatch(live)
	}
	var known []attr.Value
	if prior != nil {
		known = prior.(types.List).Elements()
	}
	if prior != nil && f.MergeKey != "" {
		items, known = f.ours(items, known)
	}
	out := make([]attr.Value, 0, len(items))
	for i, item := range items {
		var before attr.Value
		for len(out) < len(known) && known[len(out)].IsNull() {
			out = append(out, known[len(out)]) // it was never sent
		}
		if len(out) < len(known) {
			before = known[len(out)]
		}
		v, err := f.Elem.decode(item, before)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", f.Name, i, err)
		}
		out = append(out, v)
	}
	for len(out) < len(known) && known[len(out)].IsNull() {
		out = append(out, known[len(out)])
	}
	return types.ListValueMust(f.Elem.typ, out), nil
}

// ours are the live elements whose key Terraform wrote, each with what was known of it, in the order in which it was written.
func (f *Field) ours(items []any, known []attr.Value) ([]any, []attr.Value) {
	var live []any
	var before []attr.Value
	for _, k := range known {
		encoded, _ := f.Elem.Encode(k)
		want, _ := encoded.(map[string]any)
		for _, item := range items {
			if a, ok := item.(map[string]any); ok && a[f.MergeKey] == want[f.MergeKey] {
				live, before = append(live, item), append(before, k)
			}
		}
	}
	return live, before
}

func (f *Field) decodeMap(live any, prior attr.Value) (attr.Value, error) {
	m, ok := live.(map[string]any)
	if !ok {
		return nil, f.mismatch(live)
	}
	var known map[string]attr.Value
	if prior != nil {
		known = prior.(types.Map).Elements()
	}
	out := make(map[string]attr.Value, len(m))
	for k, before := range known {
		if before.IsNull() {
			out[k] = before // it was never sent
		}
	}
	for k, x := range m {
		if before, mine := known[k]; prior != nil && (!mine || before.IsNull()) {
			continue
		}
		v, err := f.Elem.decode(x, known[k])
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return types.MapValueMust(f.Elem.typ, out), nil
}

func (f *Field) decodeScalar(live any, prior attr.Value) (attr.Value, error) {
	v, err := f.scalar(live)
	if err != nil {
		return nil, err
	}
	if prior != nil && f.sameMeaning(v, prior) {
		return prior, nil
	}
	return v, nil
}

func (f *Field) scalar(live any) (attr.Value, error) {
	if s, ok := live.(string); ok && f.AsText {
		return f.parse(s)
	}
	switch x := live.(type) {
	case string:
		if f.typ == types.StringType {
			return types.StringValue(x), nil
		}
	case bool:
		if f.Kind == Bool {
			return types.BoolValue(x), nil
		}
	case int64:
		switch f.Kind {
		case Int:
			return types.Int64Value(x), nil
		case Float:
			return types.Float64Value(float64(x)), nil
		case Quantity, IntOrString:
			return types.StringValue(strconv.FormatInt(x, 10)), nil
		default:
		}
	case float64:
		switch f.Kind {
		case Float:
			return types.Float64Value(x), nil
		case Quantity:
			return types.StringValue(strconv.FormatFloat(x, 'f', -1, 64)), nil
		default:
		}
	}
	return nil, f.mismatch(live)
}

// parse reads a setting that the API stores as text.
func (f *Field) parse(s string) (attr.Value, error) {
	switch f.Kind {
	case Int:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return types.Int64Value(n), nil
		}
	case Float:
		if x, err := strconv.ParseFloat(s, 64); err == nil {
			return types.Float64Value(x), nil
		}
	case Bool:
		if b, err := strconv.ParseBool(s); err == nil {
			return types.BoolValue(b), nil
		}
	default:
		return types.StringValue(s), nil
	}
	return nil, f.mismatch(s)
}

// sameMeaning says whether two scalars of this field mean the same to the API.
func (f *Field) sameMeaning(a, b attr.Value) bool {
	if a.Equal(b) {
		return true
	}
	switch f.Kind {
	case IntOrString:
		x, _ := f.Encode(a)
		y, _ := f.Encode(b)
		return x == y
	case Quantity:
		x, errX := parseQuantity(a.(types.String).ValueString())
		y, errY := parseQuantity(b.(types.String).ValueString())
		return errX == nil && errY == nil && x.Cmp(y) == 0
	case Duration:
		x, errX := time.ParseDuration(a.(types.String).ValueString())
		y, errY := time.ParseDuration(b.(types.String).ValueString())
		return errX == nil && errY == nil && x == y
	default:
		return false
	}
}

// saysNothing holds for a value that the API may drop without a change of meaning.
func (f *Field) saysNothing(v attr.Value) bool {
	if f.AsText {
		return false // a setting kept as text is there or not
	}
	switch v := v.(type) {
	case types.String:
		return v.ValueString() == ""
	case types.Bool:
		return !v.ValueBool()
	case types.Int64:
		return v.ValueInt64() == 0
	case types.Float64:
		return v.ValueFloat64() == 0
	case types.List:
		return len(v.Elements()) == 0
	case types.Map:
		return len(v.Elements()) == 0
	case types.Object:
		return allNull(v.Attributes())
	}
	return false
}

func (f *Field) null() attr.Value { return wire.Null(f.typ) }

func (f *Field) mismatch(live any) error {
	text := fmt.Sprintf("the cluster holds a %T where the API has %v", live, f.typ)
	if f.Name != "" {
		text = f.Name + ": " + text
	}
	return errors.New(text)
}

func allNull(attrs map[string]attr.Value) bool {
	for _, v := range attrs {
		if !v.IsNull() {
			return false
		}
	}
	return true
}
