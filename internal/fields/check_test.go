package fields

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Every kind of validator runs, at whatever depth, and names the path of the offender.
func TestCheck(t *testing.T) {
	inner := []Field{
		{Name: "image", Key: "image", Required: true},
		{Name: "policy", Key: "policy", Validators: []validator.String{stringvalidator.OneOf("Always", "Never")}},
		{Name: "port", Key: "port", Kind: Int, IntValidators: []validator.Int64{int64validator.Between(1, 65535)}},
		{Name: "target", Key: "target", Kind: Float, FloatValidators: []validator.Float64{float64validator.AtLeast(0.01)}},
		{Name: "limits", Key: "limits", Kind: Map, Elem: &Field{Kind: Quantity}},
		{Name: "memory", Key: "memory", Kind: Quantity},
	}
	f := Compile(Field{Kind: Object, Fields: []Field{
		{Key: "spec", Kind: Object, Fields: []Field{{Name: "containers", Key: "containers", Kind: List, Required: true, Elem: &Field{Kind: Object, Fields: inner}}}},
	}})
	container := func(name string, v any) object {
		return object{"containers": list{object{"image": "i"}, object{"image": "i", name: v}}}
	}
	for name, tc := range map[string]struct {
		value any
		at    string // "" where it passes
	}{
		"all well":          {container("policy", "Always"), ""},
		"nothing":           {nil, ""},
		"not known":         {unknown{}, ""},
		"a part not known":  {container("port", unknown{}), ""},
		"no containers":     {object{}, "template"},
		"no image":          {object{"containers": list{object{"policy": "Never"}}}, "template.containers[0]"},
		"not one of":        {container("policy", "Sometimes"), "template.containers[1].policy"},
		"too large":         {container("port", 70000), "template.containers[1].port"},
		"too small":         {container("target", 0.001), "template.containers[1].target"},
		"no amount":         {container("memory", "much"), "template.containers[1].memory"},
		"no amount in maps": {container("limits", object{"cpu": "fast"}), `template.containers[1].limits["cpu"]`},
	} {
		t.Run(name, func(t *testing.T) {
			var at []string
			for _, d := range f.Check(t.Context(), path.Root("template"), value(t, f, tc.value)) {
				at = append(at, d.(interface{ Path() path.Path }).Path().String())
			}
			if got := strings.Join(at, " "); got != tc.at {
				t.Errorf("refused at %q, want %q", got, tc.at)
			}
		})
	}
}
