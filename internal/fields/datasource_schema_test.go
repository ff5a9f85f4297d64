package fields

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Each kind is shown as what it is, under the names of the resource, and nothing is asked of whoever writes the data source.
func TestDataSourceAttributes(t *testing.T) {
	inner := []Field{{Name: "a", Key: "A", Required: true, Doc: "An a."}}
	root := Compile(Field{Kind: Object, Fields: []Field{
		{Name: "text", Key: "text", Doc: "D.", Required: true},
		{Name: "flag", Key: "flag", Kind: Bool},
		{Name: "whole", Key: "whole", Kind: Int, AsText: true},
		{Name: "decimal", Key: "decimal", Kind: Float},
		{Name: "amount", Key: "amount", Kind: Quantity},
		{Name: "either", Key: "either", Kind: IntOrString},
		{Name: "texts", Key: "texts", Kind: List, Elem: &Field{}},
		{Name: "amounts", Key: "amounts", Kind: Map, Elem: &Field{Kind: Quantity}},
		{Name: "one", Key: "one", Kind: Object, Fields: inner},
		{Name: "many", Key: "many", Kind: List, Elem: &Field{Kind: Object, Fields: inner}},
		{Key: "level", Kind: Object, Fields: []Field{{Name: "below", Key: "below"}}},
	}})
	a := map[string]schema.Attribute{"a": schema.StringAttribute{Computed: true, MarkdownDescription: "An a."}}
	want := map[string]schema.Attribute{
		"text":    schema.StringAttribute{Computed: true, MarkdownDescription: "D."},
		"flag":    schema.BoolAttribute{Computed: true},
		"whole":   schema.Int64Attribute{Computed: true},
		"decimal": schema.Float64Attribute{Computed: true},
		"amount":  schema.StringAttribute{Computed: true},
		"either":  schema.StringAttribute{Computed: true},
		"texts":   schema.ListAttribute{Computed: true, ElementType: types.StringType},
		"amounts": schema.MapAttribute{Computed: true, ElementType: types.StringType},
		"one":     schema.SingleNestedAttribute{Computed: true, Attributes: a},
		"many":    schema.ListNestedAttribute{Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: a}},
		"below":   schema.StringAttribute{Computed: true},
	}
	got := root.DataSourceAttributes()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, attribute := range got {
		if typ := root.AttrTypes()[name]; !attribute.GetType().Equal(typ) {
			t.Errorf("%s is a %s, and Adopt reads a %s", name, attribute.GetType(), typ)
		}
	}
}
