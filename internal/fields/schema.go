package fields

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ResourceAttributes are an Object's fields that are written with an equals sign: scalars, and maps and lists of them. None is
// computed.
func (f *Field) ResourceAttributes() map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for sub := range f.named() {
		if !sub.isBlock() {
			out[sub.Name] = sub.attribute()
		}
	}
	return out
}

// ResourceBlocks are an Object's fields that are written as blocks: objects, and lists of them. They are blocks and not nested
// attributes because Terraform drops an unknown name in a nested attribute in silence; a misspelt max_scale costs money.
func (f *Field) ResourceBlocks() map[string]schema.Block {
	out := map[string]schema.Block{}
	for sub := range f.named() {
		if sub.isBlock() {
			out[sub.Name] = sub.block()
		}
	}
	return out
}

// named yields the fields that stand beside each other in Terraform, those of API-only levels included.
func (f *Field) named() iter.Seq[*Field] {
	return func(yield func(*Field) bool) { f.eachNamed(yield) }
}

func (f *Field) eachNamed(yield func(*Field) bool) bool {
	for i := range f.Fields {
		sub := &f.Fields[i]
		if sub.Name != "" && !yield(sub) || sub.Name == "" && !sub.eachNamed(yield) {
			return false
		}
	}
	return true
}

func (f *Field) isBlock() bool {
	return f.Kind == Object || f.Kind == List && f.Elem.Kind == Object
}

// block is the schema of an object, or of a list of them. What an object requires is checked by a validator where it is
// written: the framework would require it of an absent block too.
func (f *Field) block() schema.Block {
	if f.Kind == Object {
		return schema.SingleNestedBlock{MarkdownDescription: f.doc(), Attributes: f.ResourceAttributes(), Blocks: f.ResourceBlocks(), Validators: f.requires()}
	}
	return schema.ListNestedBlock{MarkdownDescription: f.doc(), Validators: f.ListValidators, NestedObject: schema.NestedBlockObject{
		Attributes: f.Elem.ResourceAttributes(), Blocks: f.Elem.ResourceBlocks(), Validators: f.Elem.requires(),
	}}
}

func (f *Field) doc() string {
	if f.Required {
		return "Required. " + f.Doc
	}
	return f.Doc
}

// requires are the validators of an Object that has required fields.
func (f *Field) requires() []validator.Object {
	var names []string
	for sub := range f.named() {
		if sub.Required {
			names = append(names, sub.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []validator.Object{required(names)}
}

func (f *Field) attribute() schema.Attribute {
	switch f.Kind {
	case List:
		return schema.ListAttribute{Optional: true, MarkdownDescription: f.doc(), ElementType: f.Elem.typ, Validators: f.ListValidators}
	case Map:
		return schema.MapAttribute{Optional: true, MarkdownDescription: f.doc(), ElementType: f.Elem.typ, Validators: f.mapValidators()}
	case Bool:
		return schema.BoolAttribute{Optional: true, MarkdownDescription: f.doc()}
	case Int:
		return schema.Int64Attribute{Optional: true, MarkdownDescription: f.doc(), Validators: f.IntValidators}
	case Float:
		return schema.Float64Attribute{Optional: true, MarkdownDescription: f.doc(), Validators: f.FloatValidators}
	default:
		return schema.StringAttribute{Optional: true, MarkdownDescription: f.doc(), Validators: f.stringValidators()}
	}
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

// required names the fields that an object needs once it is written.
type required []string

func (r required) Description(context.Context) string { return "has " + strings.Join(r, ", ") }

func (r required) MarkdownDescription(ctx context.Context) string { return r.Description(ctx) }

func (r required) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	for _, name := range r {
		v := req.ConfigValue.Attributes()[name]
		list, isList := v.(types.List)
		if v.IsNull() || isList && !v.IsUnknown() && len(list.Elements()) == 0 {
			at := req.Path.AtName(name)
			resp.Diagnostics.AddAttributeError(req.Path, "Missing "+name, fmt.Sprintf("%s is not written, and %s needs it.", at, req.Path))
		}
	}
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
	if _, err := parseQuantity(s.ValueString()); err != nil {
		return fmt.Sprintf(`%q is not an amount that Kubernetes reads. Write a number with an optional unit, such as "250m", "1.5" or "512Mi".`, s.ValueString())
	}
	return ""
}

// quantityForm is what the API's own pattern takes, with exponents that are an amount of anything: resource.ParseQuantity
// computes 1e-2000000000 for minutes.
var quantityForm = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$`)

func parseQuantity(s string) (resource.Quantity, error) {
	if !quantityForm.MatchString(s) {
		return resource.Quantity{}, resource.ErrFormatWrong
	}
	return resource.ParseQuantity(s)
}
