package provider

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// crdOf is the schema of the spec of one of the guard's kinds.
func crdOf(t *testing.T, plural string) *crdNode {
	t.Helper()
	return specOf(t, "../webhook/chart/crds/knative-provider.dev_"+plural+".yaml", "v1alpha1")
}

// refuses checks that what the CRD's schema refuses at a node and below, the attribute refuses at plan, and counts what it tried.
// Forms are the CRD's, to the letter. Kinds of limits that are left to the API type's Validate are named.
func refuses(t *testing.T, at string, n *crdNode, f *fields.Field, leftToValidate ...string) int {
	t.Helper()
	tried := 0
	for limit, bad := range malformed(n, f) {
		if f.Name == "" || slices.Contains(leftToValidate, limit) {
			continue
		}
		for _, v := range bad {
			tried++
			if !f.Check(t.Context(), path.Root(f.Name), v).HasError() {
				t.Errorf("%s: %s is let through, against the API's %s", at, v, limit)
			}
		}
	}
	for i := range f.Fields {
		if sub := &f.Fields[i]; n.Properties[sub.Key] != nil {
			tried += refuses(t, at+"."+sub.Key, n.Properties[sub.Key], sub, leftToValidate...)
		}
	}
	if f.Kind == fields.List {
		tried += refuses(t, at+"[]", n.Items, f.Elem, leftToValidate...)
	}
	return tried
}

// malformed are values that a node of the CRD's schema refuses, by the limit that they are beyond.
func malformed(n *crdNode, f *fields.Field) map[string][]attr.Value {
	out := map[string][]attr.Value{}
	text := func(limit string, bad ...string) {
		for _, s := range bad {
			out[limit] = append(out[limit], types.StringValue(s))
		}
	}
	switch n.Pattern {
	case "":
	case spanForm.String():
		text("pattern", "", "1.5h", "90ms", "-1h", "1s1h", "1", "an hour")
	case momentForm.String():
		text("pattern", "", "2026-12-24", "2026-12-24T18:00:00", "2026-12-24T18:00:00.5Z", "2026-12-24 18:00:00Z")
	case localMomentForm.String():
		text("pattern", "", "2026-12-24", "2026-12-24T18:00:00", "2026-12-24T18:00Z", "2026-12-24 18:00")
	case urlForm.String():
		text("pattern", "", "prometheus:9090", "ftp://prometheus", "http://")
	default:
		text("a pattern of its own: "+n.Pattern, "")
	}
	if n.MaxLength > 0 && n.Pattern == "" {
		text("maxLength", strings.Repeat("x", n.MaxLength+1))
	}
	if n.MinLength > 0 && n.Pattern == "" {
		text("minLength", strings.Repeat("x", n.MinLength-1))
	}
	if len(n.Enum) > 0 {
		text("enum", "", "another", strings.ToUpper(n.Enum[0]))
	}
	if n.Minimum != nil {
		out["minimum"] = []attr.Value{types.Int64Value(*n.Minimum - 1)}
	}
	if n.Maximum != nil {
		out["maximum"] = []attr.Value{types.Int64Value(*n.Maximum + 1)}
	}
	if n.MaxItems > 0 {
		items := make([]attr.Value, n.MaxItems+1)
		for i := range items {
			items[i] = wire.Null(f.Elem.Type())
		}
		out["maxItems"] = []attr.Value{types.ListValueMust(f.Elem.Type(), items)}
	}
	return out
}

// readBack reads an object as an import does, and wants it to be applied as it was, and to be valid.
func readBack(t *testing.T, r *declared, spec map[string]any) {
	t.Helper()
	v, err := r.field.Adopt(map[string]any{"spec": spec, "metadata": map[string]any{"labels": map[string]any{"team": "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := &declaredModel{r, map[string]attr.Value{"namespace": types.StringValue("default"), "name": types.StringValue("it")}}
	m.setConfigured(v)
	want := map[string]any{"spec": spec, "metadata": map[string]any{"namespace": "default", "name": "it", "labels": map[string]any{"team": "a"}}}
	if got := m.object(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	data, err := m.spec()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := r.validate(data); err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v", problems, err)
	}
}
