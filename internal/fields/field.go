// Package fields describes an API object field by field, once, and derives from that description everything the
// provider needs: the Terraform schema, the object that is applied, and the state that is read back.
//
// A field that is null on the Terraform side is not ours: it is never sent, and what others write there is never read
// into state. That is what keeps defaults, injected values and autoscalers out of a plan.
package fields

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Kind says how a value is written on both sides.
type Kind int

// The kinds, with the Terraform type and the JSON value of each.
const (
	String      Kind = iota // string, string
	Bool                    // bool, boolean
	Int                     // number without fraction, integer
	Float                   // number, number
	Quantity                // string, resource.Quantity: compared by meaning ("1000m" is "1")
	Duration                // string, Go's duration as Knative's settings have it: compared by meaning ("60s" is "1m")
	IntOrString             // string, integer where it reads as one and a string otherwise
	Object                  // nested attribute, object
	List                    // list of Elem, array
	Map                     // map of Elem, object with free keys
)

// Field is one field of an API object.
type Field struct {
	// Name is the attribute's name in Terraform. An Object without one is a level that exists in the API only: its fields
	// stand beside those of the object that holds it.
	Name string
	// Key is the JSON key in the API object that holds this field. Two fields may share one: what they write is merged.
	Key  string
	Kind Kind
	// Fields are those of an Object, or of each element of a List whose Elem is an Object.
	Fields []Field
	// Elem is the element of a List or a Map.
	Elem *Field
	// Required fields must be written whenever the object that holds them is.
	Required bool
	// AsText marks a value that the API stores as a string whatever its kind: a setting kept in an annotation.
	AsText bool
	// MergeKey names the element's field by which a List merges in server-side apply. Elements with other keys belong to
	// others and are not read.
	MergeKey string
	// Doc is shown to people, in Markdown.
	Doc string
	// Validators check a String field at plan, with no cluster.
	Validators []validator.String
	// IntValidators check an Int field at plan, with no cluster.
	IntValidators []validator.Int64
	// FloatValidators check a Float field at plan, with no cluster.
	FloatValidators []validator.Float64
	// ListValidators check a List field at plan, with no cluster.
	ListValidators []validator.List

	typ attr.Type
}

// Compile computes what the walks over a tree need again and again. Every root goes through it once.
func Compile(f Field) *Field {
	f.compile()
	return &f
}

func (f *Field) compile() {
	for i := range f.Fields {
		f.Fields[i].compile()
	}
	if f.Elem != nil {
		f.Elem.compile()
	}
	switch f.Kind {
	case Bool:
		f.typ = types.BoolType
	case Int:
		f.typ = types.Int64Type
	case Float:
		f.typ = types.Float64Type
	case Object:
		f.typ = types.ObjectType{AttrTypes: f.attrTypes()}
	case List:
		f.typ = types.ListType{ElemType: f.Elem.typ}
	case Map:
		f.typ = types.MapType{ElemType: f.Elem.typ}
	default:
		f.typ = types.StringType
	}
}

func (f *Field) attrTypes() map[string]attr.Type {
	out := make(map[string]attr.Type, len(f.Fields))
	for i := range f.Fields {
		if sub := &f.Fields[i]; sub.Name != "" {
			out[sub.Name] = sub.typ
		} else {
			maps.Copy(out, sub.AttrTypes())
		}
	}
	return out
}

// Type is the Terraform type of the field's value.
func (f *Field) Type() attr.Type { return f.typ }

// AttrTypes are the attribute types of an Object.
func (f *Field) AttrTypes() map[string]attr.Type { return f.typ.(types.ObjectType).AttrTypes }
