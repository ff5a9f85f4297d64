package fields

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// tree is a Service in small: each kind, a level that exists in the API only, a map that shares its key with typed settings,
// a list that merges by key and one that does not.
var tree = Compile(Field{Kind: Object, Fields: []Field{
	{Key: "metadata", Kind: Object, Fields: []Field{
		{Name: "annotations", Key: "annotations", Kind: Map, Elem: &Field{}},
		{Name: "scaling", Key: "annotations", Kind: Object, Fields: []Field{
			{Name: "class", Key: "scale.dev/class"},
			{Name: "min", Key: "scale.dev/min", Kind: Int, AsText: true},
			{Name: "target", Key: "scale.dev/target", Kind: Float, AsText: true},
			{Name: "target_percent", Key: "scale.dev/target-percent", Kind: Float, AsText: true},
			{Name: "panic", Key: "scale.dev/panic", Kind: Bool, AsText: true},
		}},
	}},
	{Key: "spec", Kind: Object, Fields: []Field{
		{Name: "name", Key: "name"},
		{Name: "links", Key: "enableLinks", Kind: Bool},
		{Name: "timeout", Key: "timeoutSeconds", Kind: Int},
		{Name: "ratio", Key: "ratio", Kind: Float},
		{Name: "divisor", Key: "divisor", Kind: Quantity},
		{Name: "containers", Key: "containers", Kind: List, Elem: &Field{Kind: Object, Fields: []Field{
			{Name: "image", Key: "image", Required: true},
			{Name: "args", Key: "args", Kind: List, Elem: &Field{}},
			{Name: "port", Key: "port", Kind: IntOrString},
			{Name: "resources", Key: "resources", Kind: Object, Fields: []Field{
				{Name: "limits", Key: "limits", Kind: Map, Elem: &Field{Kind: Quantity}},
			}},
		}}},
		{Name: "volumes", Key: "volumes", Kind: List, MergeKey: "name", Elem: &Field{Kind: Object, Fields: []Field{
			{Name: "name", Key: "name", Required: true},
			{Name: "secret", Key: "secretName"},
			{Name: "size", Key: "sizeLimit", Kind: Quantity},
		}}},
	}},
}})

// What the tables are written in: Go values, of which value makes those of Terraform.
type (
	object  map[string]any
	list    []any
	unknown struct{}
)

// value is a Terraform value of a field. What an object does not name is null.
func value(t *testing.T, f *Field, v any) attr.Value {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return f.null()
	case unknown:
		return wire.Unknown(f.typ)
	case string:
		return types.StringValue(v)
	case bool:
		return types.BoolValue(v)
	case int:
		return types.Int64Value(int64(v))
	case float64:
		return types.Float64Value(v)
	case list:
		items := make([]attr.Value, 0, len(v))
		for _, item := range v {
			items = append(items, value(t, f.Elem, item))
		}
		return types.ListValueMust(f.Elem.typ, items)
	case object:
		if f.Kind == Map {
			items := map[string]attr.Value{}
			for k, item := range v {
				items[k] = value(t, f.Elem, item)
			}
			return types.MapValueMust(f.Elem.typ, items)
		}
		attrs := map[string]attr.Value{}
		for name := range f.AttrTypes() {
			attrs[name] = value(t, named(t, f, name), v[name])
		}
		for name := range v {
			named(t, f, name) // a slip in a table is not a null
		}
		return types.ObjectValueMust(f.AttrTypes(), attrs)
	}
	t.Fatalf("no Terraform value for a %T", v)
	return nil
}

// named finds a field of an object by its attribute.
func named(t *testing.T, f *Field, name string) *Field {
	t.Helper()
	for sub := range f.named() {
		if sub.Name == name {
			return sub
		}
	}
	t.Fatalf("no field %q", name)
	return nil
}

// live reads JSON as the API client does: whole numbers as int64.
func live(t *testing.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// sent is a value after its way through JSON: what is applied is what is read back.
func sent(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return live(t, string(text))
}
