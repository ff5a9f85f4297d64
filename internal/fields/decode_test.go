package fields

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One block a row of Decode's table.
func TestDecode(t *testing.T) {
	text := Field{}
	same := struct{}{} // wanted: prior, as the user wrote it
	for name, tc := range map[string]struct {
		field Field
		prior any
		live  string // JSON; empty where the field is absent
		want  any
	}{
		"null prior, live string":      {Field{Kind: String}, nil, `"a"`, nil},
		"null prior, live list":        {Field{Kind: List, Elem: &text}, nil, `["a"]`, nil},
		"null prior, absent":           {Field{Kind: Int}, nil, ``, nil},
		"null prior, of another type":  {Field{Kind: Int}, nil, `"a"`, nil},
		"null prior, live JSON null":   {Field{Kind: Int}, nil, `null`, nil},
		"null key beside a set one":    {*tree, object{"name": "a"}, `{"spec": {"name": "a", "timeoutSeconds": 300}}`, same},
		"null object beside a set one": {*tree, object{"name": "a"}, `{"metadata": {"annotations": {"scale.dev/min": "1"}}, "spec": {"name": "a"}}`, same},

		"absent, and something was said":         {Field{Kind: String}, "a", ``, nil},
		"absent, and true was said":              {Field{Kind: Bool}, true, ``, nil},
		"absent, and a number was said":          {Field{Kind: Int}, 5, ``, nil},
		"absent, and an element was said":        {Field{Kind: List, Elem: &text}, list{"a"}, ``, nil},
		"absent, and a key was said":             {Field{Kind: Map, Elem: &text}, object{"a": "b"}, ``, nil},
		"absent, and a field was said":           {*named(t, tree, "scaling"), object{"min": 1}, ``, nil},
		`absent, and "" was said`:                {Field{Kind: String}, "", ``, same},
		"absent, and 0 was said":                 {Field{Kind: Int}, 0, ``, same},
		"absent, and false was said":             {Field{Kind: Bool}, false, ``, same},
		"absent, and [] was said":                {Field{Kind: List, Elem: &text}, list{}, ``, same},
		"absent, and {} was said":                {Field{Kind: Map, Elem: &text}, object{}, ``, same},
		"absent, and an object of nulls":         {*named(t, tree, "scaling"), object{}, ``, same},
		"JSON null is absent":                    {Field{Kind: String}, "a", `null`, nil},
		"a key is gone":                          {Field{Kind: Map, Elem: &text}, object{"a": "x", "b": "y"}, `{"a": "x"}`, object{"a": "x"}},
		"a level is gone":                        {*tree, object{"name": "a", "links": false}, `{}`, object{"links": false}},
		"an element is gone":                     {Field{Kind: List, Elem: &text}, list{"a", "b"}, `["a"]`, list{"a"}},
		"a keyed element is gone":                {*named(t, tree, "volumes"), list{object{"name": "a"}, object{"name": "b"}}, `[{"name": "a"}]`, list{object{"name": "a"}}},
		"every keyed element is gone, others in": {*named(t, tree, "volumes"), list{object{"name": "a"}}, `[{"name": "x"}]`, list{}},

		"the same string":                  {Field{Kind: String}, "a", `"a"`, same},
		"the same bool":                    {Field{Kind: Bool}, true, `true`, same},
		"the same int":                     {Field{Kind: Int}, 5, `5`, same},
		"the same float":                   {Field{Kind: Float}, 0.5, `0.5`, same},
		"the same float, without fraction": {Field{Kind: Float}, 5.0, `5`, same},
		"quantity in other words":          {Field{Kind: Quantity}, "1000m", `"1"`, same},
		"quantity with another unit":       {Field{Kind: Quantity}, "1024Mi", `"1Gi"`, same},
		"quantity as a number":             {Field{Kind: Quantity}, "1.0", `1`, same},
		"quantity as a fraction":           {Field{Kind: Quantity}, "500m", `0.5`, same},
		"port by number":                   {Field{Kind: IntOrString}, "8080", `8080`, same},
		"port by name":                     {Field{Kind: IntOrString}, "http1", `"http1"`, same},
		"int as text":                      {Field{Kind: Int, AsText: true}, 3, `"3"`, same},
		"float as text":                    {Field{Kind: Float, AsText: true}, 0.25, `"0.25"`, same},
		"float as text in other words":     {Field{Kind: Float, AsText: true}, 70.0, `"70.00"`, same},
		"bool as text":                     {Field{Kind: Bool, AsText: true}, true, `"true"`, same},
		"string as text":                   {Field{Kind: String, AsText: true}, "a", `"a"`, same},
		"the same list":                    {Field{Kind: List, Elem: &text}, list{"b", "a"}, `["b", "a"]`, same},
		"others' keys of a map":            {Field{Kind: Map, Elem: &text}, object{"mine": "x"}, `{"mine": "x", "theirs": "y"}`, same},
		"all of a map are others'":         {Field{Kind: Map, Elem: &text}, object{}, `{"theirs": "y"}`, same},
		"others' elements by key":          {*named(t, tree, "volumes"), list{object{"name": "a"}}, `[{"name": "injected"}, {"name": "a", "secretName": "s"}]`, same},
		"keyed elements in another order":  {*named(t, tree, "volumes"), list{object{"name": "a", "size": "1Ki"}, object{"name": "b", "secret": "s"}}, `[{"name": "b", "secretName": "s"}, {"name": "a", "sizeLimit": "1024"}]`, same},
		"duration in other words":          {Field{Kind: Duration}, "60s", `"1m0s"`, same},
		"quantities in a map":              {Field{Kind: Map, Elem: &Field{Kind: Quantity}}, object{"cpu": "1000m"}, `{"cpu": "1", "memory": "1Gi"}`, same},
		"settings among annotations": {
			*tree, object{"annotations": object{"k": "v"}, "scaling": object{"min": 1}},
			`{"metadata": {"annotations": {"k": "v", "scale.dev/min": "1", "scale.dev/target": "70", "other": "x"}}}`, same,
		},

		"another string":            {Field{Kind: String}, "a", `"b"`, "b"},
		"another bool":              {Field{Kind: Bool}, true, `false`, false},
		"another int":               {Field{Kind: Int}, 5, `6`, 6},
		"0 in place of a number":    {Field{Kind: Int}, 5, `0`, 0},
		"another float":             {Field{Kind: Float}, 0.5, `0.75`, 0.75},
		"another quantity":          {Field{Kind: Quantity}, "1000m", `"2"`, "2"},
		"another duration":          {Field{Kind: Duration}, "60s", `"61s"`, "61s"},
		"a duration of no sense":    {Field{Kind: Duration}, "60s", `"60"`, "60"},
		"a quantity of no sense":    {Field{Kind: Quantity}, "1", `"x"`, "x"},
		"another port":              {Field{Kind: IntOrString}, "8080", `8081`, "8081"},
		"port by number, then name": {Field{Kind: IntOrString}, "8080", `"http1"`, "http1"},
		"another int as text":       {Field{Kind: Int, AsText: true}, 3, `"0"`, 0},
		"another list":              {Field{Kind: List, Elem: &text}, list{"b", "a"}, `["a", "b"]`, list{"a", "b"}},
		"an element more":           {Field{Kind: List, Elem: &text}, list{"a"}, `["a", "b"]`, list{"a", "b"}},
		"elements in place of none": {Field{Kind: List, Elem: &text}, list{}, `["a"]`, list{"a"}},
		"another value of a key":    {Field{Kind: Map, Elem: &text}, object{"a": "x"}, `{"a": "y"}`, object{"a": "y"}},
		"a keyed element changed":   {*named(t, tree, "volumes"), list{object{"name": "a", "secret": "s"}}, `[{"name": "x"}, {"name": "a", "secretName": "t"}]`, list{object{"name": "a", "secret": "t"}}},
		"an element more of an atomic list, whole": {
			*named(t, tree, "containers"), list{object{"image": "i"}},
			`[{"image": "i", "port": 80}, {"image": "sidecar", "port": 81}]`,
			list{object{"image": "i"}, object{"image": "sidecar", "port": "81"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := Compile(tc.field)
			prior := value(t, f, tc.prior)
			want := prior
			if tc.want != any(same) {
				want = value(t, f, tc.want)
			}
			got, err := f.Decode(live(t, tc.live), prior)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDecodeOfAnotherType(t *testing.T) {
	for name, tc := range map[string]struct {
		field Field
		prior any
		live  string
	}{
		"string: number":          {Field{Kind: String}, "a", `1`},
		"string: object":          {Field{Kind: String}, "a", `{}`},
		"bool: string":            {Field{Kind: Bool}, true, `"true"`},
		"int: string":             {Field{Kind: Int}, 1, `"1"`},
		"int: fraction":           {Field{Kind: Int}, 1, `1.5`},
		"float: bool":             {Field{Kind: Float}, 1.0, `true`},
		"quantity: bool":          {Field{Kind: Quantity}, "1", `true`},
		"int or string: bool":     {Field{Kind: IntOrString}, "1", `true`},
		"int or string: fraction": {Field{Kind: IntOrString}, "1", `1.5`},
		"list: object":            {Field{Kind: List, Elem: &Field{}}, list{"a"}, `{}`},
		"list: an element":        {Field{Kind: List, Elem: &Field{}}, list{"a"}, `[1]`},
		"list: an element more":   {Field{Kind: List, Elem: &Field{}}, list{"a"}, `["a", 1]`},
		"map: list":               {Field{Kind: Map, Elem: &Field{}}, object{"a": "b"}, `[]`},
		"map: an element":         {Field{Kind: Map, Elem: &Field{}}, object{"a": "b"}, `{"a": 1}`},
		"object: string":          {Field{Kind: Object, Fields: []Field{{Name: "a", Key: "a"}}}, object{}, `"a"`},
		"object: a field":         {Field{Kind: Object, Fields: []Field{{Name: "a", Key: "a"}}}, object{"a": "x"}, `{"a": 1}`},
		"object: a field of a level": {
			Field{Kind: Object, Fields: []Field{{Key: "spec", Kind: Object, Fields: []Field{{Name: "a", Key: "a"}}}}}, object{"a": "x"}, `{"spec": {"a": 1}}`,
		},
		"int as text: word":   {Field{Kind: Int, AsText: true}, 1, `"many"`},
		"float as text: word": {Field{Kind: Float, AsText: true}, 1.0, `"many"`},
		"bool as text: word":  {Field{Kind: Bool, AsText: true}, true, `"many"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := Compile(tc.field)
			if got, err := f.Decode(live(t, tc.live), value(t, f, tc.prior)); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

func TestDecodeErrorNamesTheField(t *testing.T) {
	prior := value(t, tree, object{"timeout": 5})
	_, err := tree.Decode(live(t, `{"spec": {"timeoutSeconds": "5s"}}`), prior)
	if err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v, want an error that names timeout", err)
	}
}

func TestAdopt(t *testing.T) {
	for name, tc := range map[string]struct {
		live string
		want any
	}{
		"an empty object is a statement": {`{}`, object{}},
		"everything": {
			`{"metadata": {"annotations": {"k": "v"}}, "spec": {"name": "a", "enableLinks": false, "timeoutSeconds": 0, "ratio": 0.5, "divisor": "1m",
				"containers": [{"image": "i", "args": ["x"], "port": 8080, "resources": {"limits": {"cpu": "1"}}}, {"image": "j", "port": "http1"}],
				"volumes": [{"name": "a", "sizeLimit": 1024}, {"name": "b", "secretName": "s"}]}}`,
			object{"annotations": object{"k": "v"}, "name": "a", "links": false, "timeout": 0, "ratio": 0.5, "divisor": "1m",
				"containers": list{object{"image": "i", "args": list{"x"}, "port": "8080", "resources": object{"limits": object{"cpu": "1"}}}, object{"image": "j", "port": "http1"}},
				"volumes":    list{object{"name": "a", "size": "1024"}, object{"name": "b", "secret": "s"}}},
		},
		"typed annotations are typed only": {
			`{"metadata": {"annotations": {"k": "v", "scale.dev/min": "1", "scale.dev/target": "0.5", "scale.dev/panic": "false"}}}`,
			object{"annotations": object{"k": "v"}, "scaling": object{"min": 1, "target": 0.5, "panic": false}},
		},
		"typed annotations alone leave no map": {
			`{"metadata": {"annotations": {"scale.dev/class": "kpa"}}}`,
			object{"scaling": object{"class": "kpa"}},
		},
		"annotations alone leave no settings": {
			`{"metadata": {"annotations": {"k": "v"}}}`,
			object{"annotations": object{"k": "v"}},
		},
		"objects of nothing that is known are null": {
			`{"spec": {"name": "a", "containers": [{"image": "i", "resources": {"claims": []}}]}}`,
			object{"name": "a", "containers": list{object{"image": "i"}}},
		},
		"an empty list is a list": {`{"spec": {"containers": []}}`, object{"containers": list{}}},
		"fields that the tree does not have": {
			`{"kind": "Service", "spec": {"name": "a", "surprise": {"a": 1}}}`,
			object{"name": "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tree.Adopt(live(t, tc.live))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(value(t, tree, tc.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAdoptLeavesTheLiveObjectAlone(t *testing.T) {
	const text = `{"metadata": {"annotations": {"k": "v", "scale.dev/min": "1"}}}`
	object := live(t, text)
	if _, err := tree.Adopt(object); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(live(t, text), object); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

func TestAdoptOfAnotherType(t *testing.T) {
	if got, err := tree.Adopt(live(t, `{"spec": {"timeoutSeconds": "5s"}}`)); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}
