package fields

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeKeepsItsWord(t *testing.T) {
	text, volumes := Field{}, *named(t, tree, "volumes")
	for name, tc := range map[string]struct {
		field Field
		prior any
		live  string
		want  any
	}{
		"an earlier keyed element is gone":   {volumes, list{object{"name": "a"}, object{"name": "b", "secret": "s"}}, `[{"name": "b", "secretName": "s"}]`, list{object{"name": "b", "secret": "s"}}},
		"a null among elements":              {Field{Kind: List, Elem: &text}, list{"a", nil, "b"}, `["a", "b"]`, list{"a", nil, "b"}},
		"a null among keys":                  {Field{Kind: Map, Elem: &text}, object{"a": "x", "b": nil}, `{"a": "x"}`, object{"a": "x", "b": nil}},
		"a null key that others set":         {Field{Kind: Map, Elem: &text}, object{"a": "x", "b": nil}, `{"a": "x", "b": "theirs"}`, object{"a": "x", "b": nil}},
		"a port with a leading zero":         {Field{Kind: IntOrString}, "08080", `8080`, "08080"},
		"absent, and 0.0 was said":           {Field{Kind: Float}, 0.0, ``, 0.0},
		"absent setting, and 0 was said":     {Field{Kind: Int, AsText: true}, 0, ``, nil},
		"absent setting, and false was said": {Field{Kind: Bool, AsText: true}, false, ``, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := Compile(tc.field)
			got, err := f.Decode(live(t, tc.live), value(t, f, tc.prior))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(value(t, f, tc.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAdoptKeepsAnEmptyObject(t *testing.T) {
	f := Compile(Field{Kind: List, MergeKey: "name", Elem: &Field{Kind: Object, Fields: []Field{
		{Name: "name", Key: "name"},
		{Name: "empty_dir", Key: "emptyDir", Kind: Object, Fields: []Field{{Name: "medium", Key: "medium"}}},
	}}})
	const volumes = `[{"name": "tmp", "emptyDir": {}}]`
	v, _ := f.Adopt(live(t, volumes))
	got, _ := f.Encode(v)
	if diff := cmp.Diff(live(t, volumes), sent(t, got)); diff != "" {
		t.Errorf("-live +applied after an import:\n%s", diff)
	}
}

func TestDecodeErrorNamesTheElement(t *testing.T) {
	prior := value(t, tree, object{"containers": list{object{"args": list{"a"}}}})
	_, err := tree.Decode(live(t, `{"spec": {"containers": [{"args": [1]}]}}`), prior)
	if err == nil || !strings.Contains(err.Error(), "args") {
		t.Errorf("got %q, want an error that names args", err)
	}
}
