package fields

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

// DataSourceAttributes are an Object's fields as a data source shows them: all computed, objects as nested attributes. Their
// values are of the same types as the resource's, so that Adopt reads them.
func (f *Field) DataSourceAttributes() map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for sub := range f.named() {
		out[sub.Name] = sub.dataSourceAttribute()
	}
	return out
}

func (f *Field) dataSourceAttribute() schema.Attribute {
	switch {
	case f.Kind == Object:
		return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: f.Doc, Attributes: f.DataSourceAttributes()}
	case f.isBlock():
		return schema.ListNestedAttribute{Computed: true, MarkdownDescription: f.Doc, NestedObject: schema.NestedAttributeObject{Attributes: f.Elem.DataSourceAttributes()}}
	case f.Kind == List:
		return schema.ListAttribute{Computed: true, MarkdownDescription: f.Doc, ElementType: f.Elem.typ}
	case f.Kind == Map:
		return schema.MapAttribute{Computed: true, MarkdownDescription: f.Doc, ElementType: f.Elem.typ}
	case f.Kind == Bool:
		return schema.BoolAttribute{Computed: true, MarkdownDescription: f.Doc}
	case f.Kind == Int:
		return schema.Int64Attribute{Computed: true, MarkdownDescription: f.Doc}
	case f.Kind == Float:
		return schema.Float64Attribute{Computed: true, MarkdownDescription: f.Doc}
	}
	return schema.StringAttribute{Computed: true, MarkdownDescription: f.Doc}
}
