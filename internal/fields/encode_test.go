package fields

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncode(t *testing.T) {
	text := Field{}
	for name, tc := range map[string]struct {
		field Field
		value any
		want  string // JSON; empty where nothing is sent
	}{
		"string":                 {Field{Kind: String}, "a", `"a"`},
		"bool":                   {Field{Kind: Bool}, true, `true`},
		"false is a statement":   {Field{Kind: Bool}, false, `false`},
		"int":                    {Field{Kind: Int}, 5, `5`},
		"0 is a statement":       {Field{Kind: Int}, 0, `0`},
		"float":                  {Field{Kind: Float}, 0.5, `0.5`},
		"quantity as it stands":  {Field{Kind: Quantity}, "1000m", `"1000m"`},
		"quantity of digits":     {Field{Kind: Quantity}, "1", `"1"`},
		"port by number":         {Field{Kind: IntOrString}, "8080", `8080`},
		"port by name":           {Field{Kind: IntOrString}, "http1", `"http1"`},
		"percent":                {Field{Kind: IntOrString}, "25%", `"25%"`},
		"more than an int32":     {Field{Kind: IntOrString}, "2147483648", `"2147483648"`},
		"list":                   {Field{Kind: List, Elem: &text}, list{"b", "a"}, `["b", "a"]`},
		"empty list":             {Field{Kind: List, Elem: &text}, list{}, `[]`},
		"map":                    {Field{Kind: Map, Elem: &text}, object{"a.b/c": "x"}, `{"a.b/c": "x"}`},
		"empty map":              {Field{Kind: Map, Elem: &text}, object{}, `{}`},
		"empty object":           {Field{Kind: Object, Fields: []Field{{Name: "a", Key: "a"}}}, object{}, `{}`},
		"int as text":            {Field{Kind: Int, AsText: true}, 3, `"3"`},
		"0 as text":              {Field{Kind: Int, AsText: true}, 0, `"0"`},
		"float as text":          {Field{Kind: Float, AsText: true}, 0.25, `"0.25"`},
		"whole float as text":    {Field{Kind: Float, AsText: true}, 100.0, `"100"`},
		"bool as text":           {Field{Kind: Bool, AsText: true}, false, `"false"`},
		"null string":            {Field{Kind: String}, nil, ``},
		"null object":            {Field{Kind: Object}, nil, ``},
		"unknown string":         {Field{Kind: String}, unknown{}, ``},
		"unknown list":           {Field{Kind: List, Elem: &text}, unknown{}, ``},
		"unknown element":        {Field{Kind: List, Elem: &text}, list{"a", unknown{}}, `["a"]`},
		"unknown value of a key": {Field{Kind: Map, Elem: &text}, object{"a": "x", "b": unknown{}}, `{"a": "x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := Compile(tc.field)
			got, ok := f.Encode(value(t, f, tc.value))
			if ok != (tc.want != "") {
				t.Fatalf("sent: %v, want %v", ok, !ok)
			}
			if diff := cmp.Diff(live(t, tc.want), sent(t, got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEncodeTree(t *testing.T) {
	for name, tc := range map[string]struct {
		value object
		want  string
	}{
		"nothing, and no empty levels": {object{}, `{}`},
		"nulls and unknowns are left out": {
			object{"name": nil, "timeout": unknown{}, "links": true},
			`{"spec": {"enableLinks": true}}`,
		},
		"levels of the API": {
			object{"name": "a", "annotations": object{"k": "v"}},
			`{"metadata": {"annotations": {"k": "v"}}, "spec": {"name": "a"}}`,
		},
		"annotations and typed settings share a key": {
			object{"annotations": object{"k": "v"}, "scaling": object{"min": 1, "target": 0.5, "class": "kpa", "panic": true}},
			`{"metadata": {"annotations": {"k": "v", "scale.dev/min": "1", "scale.dev/target": "0.5", "scale.dev/class": "kpa", "scale.dev/panic": "true"}}}`,
		},
		"typed settings alone": {
			object{"scaling": object{"min": 0}},
			`{"metadata": {"annotations": {"scale.dev/min": "0"}}}`,
		},
		"what is written empty is kept": {
			object{"annotations": object{}, "containers": list{object{"args": list{}, "resources": object{}}}},
			`{"metadata": {"annotations": {}}, "spec": {"containers": [{"args": [], "resources": {}}]}}`,
		},
		"depth": {
			object{"containers": list{object{"image": "i", "port": "8080", "resources": object{"limits": object{"cpu": "1"}}}, object{"image": "j"}}},
			`{"spec": {"containers": [{"image": "i", "port": 8080, "resources": {"limits": {"cpu": "1"}}}, {"image": "j"}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := tree.Encode(value(t, tree, tc.value))
			if diff := cmp.Diff(live(t, tc.want), sent(t, got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
