package fields

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/api/resource"
)

// What is written with an equals sign.
func TestResourceAttributes(t *testing.T) {
	text, size := Field{}, quantity{}
	between, atLeast, oneOf := int64validator.Between(1, 2), float64validator.AtLeast(1), stringvalidator.OneOf("a")
	for name, tc := range map[string]struct {
		field Field
		want  schema.Attribute
	}{
		"string":            {Field{Kind: String, Doc: "D."}, schema.StringAttribute{Optional: true, MarkdownDescription: "D."}},
		"required string":   {Field{Kind: String, Doc: "D.", Required: true}, schema.StringAttribute{Optional: true, MarkdownDescription: "Required. D."}},
		"checked string":    {Field{Kind: String, Validators: []validator.String{oneOf}}, schema.StringAttribute{Optional: true, Validators: []validator.String{oneOf}}},
		"bool":              {Field{Kind: Bool, Doc: "D."}, schema.BoolAttribute{Optional: true, MarkdownDescription: "D."}},
		"int":               {Field{Kind: Int, Doc: "D."}, schema.Int64Attribute{Optional: true, MarkdownDescription: "D."}},
		"int as text":       {Field{Kind: Int, AsText: true, IntValidators: []validator.Int64{between}}, schema.Int64Attribute{Optional: true, Validators: []validator.Int64{between}}},
		"float":             {Field{Kind: Float, Doc: "D.", FloatValidators: []validator.Float64{atLeast}}, schema.Float64Attribute{Optional: true, MarkdownDescription: "D.", Validators: []validator.Float64{atLeast}}},
		"int or string":     {Field{Kind: IntOrString, Doc: "D."}, schema.StringAttribute{Optional: true, MarkdownDescription: "D."}},
		"quantity":          {Field{Kind: Quantity, Doc: "D.", Validators: []validator.String{oneOf}}, schema.StringAttribute{Optional: true, MarkdownDescription: "D.", Validators: []validator.String{size, oneOf}}},
		"list":              {Field{Kind: List, Elem: &text, Doc: "D."}, schema.ListAttribute{Optional: true, MarkdownDescription: "D.", ElementType: types.StringType}},
		"list of ints":      {Field{Kind: List, Elem: &Field{Kind: Int}}, schema.ListAttribute{Optional: true, ElementType: types.Int64Type}},
		"map":               {Field{Kind: Map, Elem: &text, Doc: "D."}, schema.MapAttribute{Optional: true, MarkdownDescription: "D.", ElementType: types.StringType}},
		"map of quantities": {Field{Kind: Map, Elem: &Field{Kind: Quantity}}, schema.MapAttribute{Optional: true, ElementType: types.StringType, Validators: []validator.Map{size}}},
		"object":            {Field{Kind: Object, Fields: []Field{{Name: "a", Key: "A"}}}, nil},
		"list of objects":   {Field{Kind: List, Elem: &Field{Kind: Object, Fields: []Field{{Name: "a", Key: "A"}}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tc.field.Name = "it"
			want := map[string]schema.Attribute{}
			if tc.want != nil {
				want["it"] = tc.want
			}
			got := Compile(Field{Kind: Object, Fields: []Field{tc.field}}).ResourceAttributes()
			if !reflect.DeepEqual(want, got) { // the framework's own Equal, which go-cmp calls, looks at no validator
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// What is written as a block.
func TestResourceBlocks(t *testing.T) {
	attribute := map[string]schema.Attribute{"a": schema.StringAttribute{Optional: true}}
	mustHave := map[string]schema.Attribute{"a": schema.StringAttribute{Optional: true, MarkdownDescription: "Required. "}}
	inner := Field{Kind: Object, Fields: []Field{{Name: "a", Key: "A"}}}
	strict := Field{Kind: Object, Fields: []Field{{Name: "a", Key: "A", Required: true}}}
	for name, tc := range map[string]struct {
		field Field
		want  schema.Block
	}{
		"object":                    {Field{Kind: Object, Doc: "D.", Fields: inner.Fields}, schema.SingleNestedBlock{MarkdownDescription: "D.", Attributes: attribute, Blocks: map[string]schema.Block{}}},
		"required object":           {Field{Kind: Object, Doc: "D.", Required: true, Fields: inner.Fields}, schema.SingleNestedBlock{MarkdownDescription: "Required. D.", Attributes: attribute, Blocks: map[string]schema.Block{}}},
		"object that needs a field": {Field{Kind: Object, Fields: strict.Fields}, schema.SingleNestedBlock{Attributes: mustHave, Blocks: map[string]schema.Block{}, Validators: []validator.Object{required{"a"}}}},
		"list":                      {Field{Kind: List, Doc: "D.", Elem: &inner}, schema.ListNestedBlock{MarkdownDescription: "D.", NestedObject: schema.NestedBlockObject{Attributes: attribute, Blocks: map[string]schema.Block{}}}},
		"list that needs a field":   {Field{Kind: List, Elem: &strict}, schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: mustHave, Blocks: map[string]schema.Block{}, Validators: []validator.Object{required{"a"}}}}},
		"levels of the API vanish": {
			Field{Kind: Object, Fields: []Field{{Key: "spec", Kind: Object, Fields: []Field{{Key: "template", Kind: Object, Fields: []Field{{Name: "a", Key: "A", Required: true}, {Name: "in", Key: "in", Kind: Object, Fields: inner.Fields}}}}}}},
			schema.SingleNestedBlock{Attributes: mustHave, Blocks: map[string]schema.Block{"in": schema.SingleNestedBlock{Attributes: attribute, Blocks: map[string]schema.Block{}}}, Validators: []validator.Object{required{"a"}}},
		},
		"string":          {Field{Kind: String}, nil},
		"list of strings": {Field{Kind: List, Elem: &Field{}}, nil},
		"map":             {Field{Kind: Map, Elem: &Field{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tc.field.Name = "it"
			want := map[string]schema.Block{}
			if tc.want != nil {
				want["it"] = tc.want
			}
			got := Compile(Field{Kind: Object, Fields: []Field{tc.field}}).ResourceBlocks()
			if !reflect.DeepEqual(want, got) { // the framework's own Equal, which go-cmp calls, looks at no validator
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// Terraform itself refuses a schema with names or shapes that it does not read, and values of another type than the schema's.
func TestTheTreeIsASchema(t *testing.T) {
	s := schema.Schema{Attributes: tree.ResourceAttributes(), Blocks: tree.ResourceBlocks()}
	if diags := s.ValidateImplementation(t.Context()); diags.HasError() {
		t.Error(diags)
	}
	if !s.Type().Equal(tree.Type()) {
		t.Errorf("the schema's type is %s, the values' %s", s.Type(), tree.Type())
	}
}

func TestRequired(t *testing.T) {
	f := Compile(Field{Kind: Object, Fields: []Field{
		{Name: "image", Key: "image", Required: true},
		{Name: "targets", Key: "targets", Kind: List, Required: true, Elem: &Field{Kind: Object, Fields: []Field{{Name: "a", Key: "a"}}}},
		{Name: "tag", Key: "tag"},
	}})
	for name, tc := range map[string]struct {
		value   any
		missing []string
	}{
		"all there":            {object{"image": "i", "targets": list{object{}}}, nil},
		"not written":          {nil, nil},
		"not known":            {unknown{}, nil},
		"an empty text is one": {object{"image": "", "targets": list{object{}}}, nil},
		"parts not known":      {object{"image": unknown{}, "targets": unknown{}}, nil},
		"no image":             {object{"targets": list{object{}}}, []string{"image"}},
		"no block":             {object{"image": "i", "targets": list{}}, []string{"targets"}},
		"null blocks":          {object{"image": "i"}, []string{"targets"}},
		"neither":              {object{"tag": "t"}, []string{"image", "targets"}},
	} {
		t.Run(name, func(t *testing.T) {
			resp := validator.ObjectResponse{}
			for _, v := range f.requires() {
				v.ValidateObject(t.Context(), validator.ObjectRequest{Path: path.Root("template"), ConfigValue: value(t, f, tc.value).(types.Object)}, &resp)
			}
			var want diag.Diagnostics
			for _, name := range tc.missing {
				want.AddAttributeError(path.Root("template"), "Missing "+name, "template."+name+" is not written, and template needs it.")
			}
			if diff := cmp.Diff(want, resp.Diagnostics); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestQuantityValidator(t *testing.T) {
	for text, ok := range map[string]bool{
		"250m": true, "1": true, "1.5": true, "512Mi": true, "1e3": true, "0": true, "-1": true, ".5": true, "+1Gi": true,
		"1x": false, "": false, "one": false, "1 Gi": false, "1,5": false, "1GB": false, "1.2.3": false, "1 ": false,
	} {
		t.Run(text, func(t *testing.T) {
			at := path.Root("divisor")
			s := validator.StringResponse{}
			quantity{}.ValidateString(t.Context(), validator.StringRequest{Path: at, ConfigValue: types.StringValue(text)}, &s)
			m := validator.MapResponse{}
			quantity{}.ValidateMap(t.Context(), validator.MapRequest{Path: at, ConfigValue: types.MapValueMust(types.StringType, map[string]attr.Value{"good": types.StringValue("1"), "cpu": types.StringValue(text)})}, &m)
			if ok {
				if s.Diagnostics.HasError() || m.Diagnostics.HasError() {
					t.Errorf("refused: %v %v", s.Diagnostics, m.Diagnostics)
				}
				return
			}
			wantRefusal(t, s.Diagnostics, at, text)
			wantRefusal(t, m.Diagnostics, at.AtMapKey("cpu"), text)
		})
	}
}

func TestQuantityValidatorLeavesOutWhatIsNotKnown(t *testing.T) {
	for name, v := range map[string]types.String{"null": types.StringNull(), "unknown": types.StringUnknown()} {
		t.Run(name, func(t *testing.T) {
			s := validator.StringResponse{}
			quantity{}.ValidateString(t.Context(), validator.StringRequest{ConfigValue: v}, &s)
			m := validator.MapResponse{}
			quantity{}.ValidateMap(t.Context(), validator.MapRequest{ConfigValue: types.MapValueMust(types.StringType, map[string]attr.Value{"cpu": v})}, &m)
			if s.Diagnostics.HasError() || m.Diagnostics.HasError() {
				t.Errorf("refused: %v %v", s.Diagnostics, m.Diagnostics)
			}
		})
	}
}

// wantRefusal wants one error, at the place, that names the value and a good one.
func wantRefusal(t *testing.T, diags diag.Diagnostics, at path.Path, text string) {
	t.Helper()
	if len(diags) != 1 {
		t.Fatalf("got %d diagnostics, want 1: %v", len(diags), diags)
	}
	d, ok := diags[0].(diag.DiagnosticWithPath)
	if !ok || !d.Path().Equal(at) || d.Severity() != diag.SeverityError {
		t.Errorf("got %v, want an error at %s", diags[0], at)
	}
	if detail := diags[0].Detail(); !strings.Contains(detail, strconv.Quote(text)) || !strings.Contains(detail, `"250m"`) {
		t.Errorf("%q does not name %q and an amount to write", detail, text)
	}
}

// FuzzQuantity holds the validator to the API's own reading of a quantity, and Settle to its promise: the value before
// where it is the same amount, the planned one where it is not.
func FuzzQuantity(f *testing.F) {
	f.Add("1000m", "1")
	f.Add("1Gi", "1024Mi")
	f.Add("1e3", "1k")
	f.Add("-0", "0")
	f.Add("1x", "1")
	f.Add("0.1n", "1n") // what is finer than a nano is rounded up
	size := Compile(Field{Name: "size", Kind: Quantity})
	f.Fuzz(func(t *testing.T, planned, prior string) {
		if hugeExponent.MatchString(planned) || hugeExponent.MatchString(prior) {
			t.Skip("resource.ParseQuantity itself takes minutes over such a number")
		}
		a, errA := apiQuantity(planned)
		b, errB := apiQuantity(prior)
		if refused := badQuantity(types.StringValue(planned)); (refused != "") != (errA != nil) {
			t.Fatalf("%q: refused with %q, and the API says %v", planned, refused, errA)
		}
		want := planned
		if errA == nil && errB == nil && a.Cmp(b) == 0 {
			want = prior
		}
		if got := size.Settle(types.StringValue(planned), types.StringValue(prior)); !got.Equal(types.StringValue(want)) {
			t.Errorf("Settle(%q, %q) is %s, want %q", planned, prior, got, want)
		}
	})
}

var hugeExponent = regexp.MustCompile(`[eE][+-]?0*[1-9][0-9]{3}`)

// apiQuantity reads a quantity as the API server does, out of JSON.
func apiQuantity(s string) (resource.Quantity, error) {
	var q resource.Quantity
	text, err := json.Marshal(s)
	if err != nil || s == "" || s != strings.TrimSpace(s) { // the API takes "" for 0 and drops spaces; here both are slips
		return q, errors.New("no amount")
	}
	err = json.Unmarshal(text, &q)
	return q, err
}
