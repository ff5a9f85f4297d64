package fields

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// FuzzRoundTrip holds the four walks to each other, on random values of the tree:
//
//	Decode(Encode(v), v) is v                          a read after an apply shows no change
//	Encode(Adopt(Encode(v))) is Encode(v)              an import loses nothing
//	Decode(Encode(Settle(p, v)), p) is p               what is settled means what was planned
//	Settle(v, v) is v                                  what did not change is left alone
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := maker{rand.New(rand.NewPCG(seed, 0)), true}
		v, planned := random.value(tree), random.value(tree)
		if !v.IsNull() {
			same(t, "read after an apply", v, decode(t, encode(t, v), v))
		}
		if !planned.IsNull() {
			same(t, "settled", planned, decode(t, encode(t, tree.Settle(planned, v)), planned))
		}
		same(t, "settled on itself", v, tree.Settle(v, v))

		random.empty = false // an object of nulls is adopted as null: see TestAdopt
		applied := encode(t, random.value(tree))
		adopted, err := tree.Adopt(applied)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "applied after an import", applied, encode(t, adopted))
	})
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: -want +got:\n%s", what, diff)
	}
}

// encode is what an API server stores of a value: JSON.
func encode(t *testing.T, v attr.Value) any {
	t.Helper()
	out, ok := tree.Encode(v)
	if !ok {
		return map[string]any{}
	}
	return sent(t, out)
}

func decode(t *testing.T, live any, prior attr.Value) attr.Value {
	t.Helper()
	v, err := tree.Decode(live, prior)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// maker makes random values that the API server takes: keys of a merging list once each, and no null among elements.
type maker struct {
	*rand.Rand
	empty bool // whether to write objects of nulls, and maps and objects with nothing in them
}

func (m maker) value(f *Field) attr.Value {
	if !f.Required && m.IntN(3) == 0 {
		return f.null()
	}
	return m.set(f)
}

func (m maker) set(f *Field) attr.Value {
	switch f.Kind {
	case Bool:
		return types.BoolValue(m.IntN(2) == 0)
	case Int:
		return types.Int64Value(pick(m, 0, 1, -1, 300, math.MaxInt64, math.MinInt64, m.Int64()))
	case Float:
		return types.Float64Value(pick(m, 0, 1, -1, 0.1, 70, 1e6, 1e21, 1e-7, m.NormFloat64()))
	case Quantity:
		return types.StringValue(pick(m, "1", "1000m", "1.0", "512Mi", "0.5Gi", "0", "1e3", "1k"))
	case IntOrString:
		return types.StringValue(pick(m, "8080", "0", "-1", "http1", "25%", "99999999999"))
	case Object:
		attrs := map[string]attr.Value{}
		for sub := range f.named() {
			attrs[sub.Name] = m.value(sub)
		}
		if !m.empty && allNull(attrs) {
			return f.null()
		}
		return types.ObjectValueMust(f.AttrTypes(), attrs)
	case List:
		items := make([]attr.Value, m.IntN(4))
		for i := range items {
			items[i] = m.element(f, i)
		}
		return types.ListValueMust(f.Elem.typ, items)
	case Map:
		items := map[string]attr.Value{}
		for range m.IntN(4) {
			items[pick(m, "a", "b.c/d", "", "scale.dev/other")] = m.set(f.Elem)
		}
		if !m.empty && len(items) == 0 {
			return f.null()
		}
		return types.MapValueMust(f.Elem.typ, items)
	default:
		return types.StringValue(pick(m, "", "a", "1", "true", "ünï\n\"", fmt.Sprint(m.Int())))
	}
}

func (m maker) element(f *Field, i int) attr.Value {
	v := m.set(f.Elem)
	if f.MergeKey == "" {
		return v
	}
	attrs := v.(types.Object).Attributes()
	attrs[f.MergeKey] = types.StringValue(fmt.Sprint("key-", i))
	return types.ObjectValueMust(f.Elem.AttrTypes(), attrs)
}

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }
