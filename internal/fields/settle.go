package fields

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Settle gives the planned value with each part that means the same as before written as it was before, so that
// "1000m" in place of "1" is no change. Terraform accepts the prior value as the plan of a configured attribute.
func (f *Field) Settle(planned, prior attr.Value) attr.Value {
	if prior == nil || planned.IsNull() || planned.IsUnknown() || prior.IsNull() || prior.IsUnknown() || planned.Equal(prior) {
		return planned
	}
	switch p := planned.(type) {
	case types.Object:
		attrs, before := p.Attributes(), prior.(types.Object).Attributes()
		f.settleFields(attrs, before)
		return types.ObjectValueMust(f.AttrTypes(), attrs)
	case types.List:
		items, before := p.Elements(), prior.(types.List).Elements()
		for i := range min(len(items), len(before)) {
			items[i] = f.Elem.Settle(items[i], before[i])
		}
		return types.ListValueMust(f.Elem.typ, items)
	case types.Map:
		items, before := p.Elements(), prior.(types.Map).Elements()
		for k := range items {
			items[k] = f.Elem.Settle(items[k], before[k])
		}
		return types.MapValueMust(f.Elem.typ, items)
	}
	if f.sameMeaning(planned, prior) {
		return prior
	}
	return planned
}

func (f *Field) settleFields(attrs, before map[string]attr.Value) {
	for i := range f.Fields {
		sub := &f.Fields[i]
		if sub.Name == "" {
			sub.settleFields(attrs, before)
			continue
		}
		attrs[sub.Name] = sub.Settle(attrs[sub.Name], before[sub.Name])
	}
}
