package scaling

import (
	"maps"
	"math/rand/v2"
	"testing"
)

const key = "autoscaling.knative.dev/min-scale"

// TestChange is the truth table of Change: what is on the target after it, and what counts as the target's own.
func TestChange(t *testing.T) {
	wrote := func(own string, values map[string]string) map[string]string {
		out := maps.Clone(values)
		out[Annotation] = `{"` + key + `":{"wrote":"3","own":` + own + `}}`
		return out
	}
	three := map[string]string{key: "3"}
	for name, tc := range map[string]struct {
		before map[string]string
		wanted map[string]*string
		after  map[string]string
		own    map[string]string
	}{
		"wanted, nothing remembered":                {map[string]string{"x": "y", key: "1"}, want("3"), wrote(`"1"`, map[string]string{"x": "y", key: "3"}), map[string]string{"x": "y", key: "1"}},
		"wanted, where there is none":               {nil, want("3"), wrote(`null`, three), map[string]string{}},
		"wanted, as it is its own":                  {three, want("3"), three, three},
		"wanted, as it was written":                 {wrote(`"1"`, three), want("3"), wrote(`"1"`, three), map[string]string{key: "1"}},
		"wanted, another than was written":          {wrote(`"1"`, map[string]string{key: "3"}), want("5"), map[string]string{key: "5", Annotation: `{"` + key + `":{"wrote":"5","own":"1"}}`}, map[string]string{key: "1"}},
		"wanted, written by somebody else since":    {wrote(`"1"`, map[string]string{key: "2"}), want("3"), wrote(`"2"`, three), map[string]string{key: "2"}},
		"wanted, taken away by somebody else since": {wrote(`"1"`, map[string]string{}), want("3"), wrote(`null`, three), map[string]string{}},
		"wanted is its own now":                     {wrote(`"1"`, three), want("1"), map[string]string{key: "1"}, map[string]string{key: "1"}},
		"not wanted any more":                       {wrote(`"1"`, three), nil, map[string]string{key: "1"}, map[string]string{key: "1"}},
		"not wanted, where there was none":          {wrote(`null`, three), nil, map[string]string{}, map[string]string{}},
		"not wanted, written by somebody else":      {wrote(`"1"`, map[string]string{key: "7"}), nil, map[string]string{key: "7"}, map[string]string{key: "7"}},
		"not wanted, nothing remembered":            {three, nil, three, three},
		"a memory that is spoilt":                   {map[string]string{key: "3", Annotation: "{"}, nil, three, three},
		"wanted is that there is none":              {map[string]string{key: "3"}, map[string]*string{key: nil}, map[string]string{Annotation: `{"` + key + `":{"wrote":null,"own":"3"}}`}, three},
	} {
		t.Run(name, func(t *testing.T) {
			after := apply(tc.before, Change(tc.before, tc.wanted))
			if !maps.Equal(after, tc.after) {
				t.Errorf("got  %v\nwant %v", after, tc.after)
			}
			if own := Own(after); !maps.Equal(own, tc.own) {
				t.Errorf("its own: %v, want %v", own, tc.own)
			}
			if again := Change(after, tc.wanted); len(again) > 0 {
				t.Errorf("a second time: %v", again)
			}
		})
	}
}

// TestChangeGivesBack: whatever is written by us and by others in whatever order, when nothing is wanted any more the target has what
// others wrote last. The one exception is somebody who writes just what the guard has written: nobody can tell.
func TestChangeGivesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		values, own := map[string]string{}, map[string]string{}
		for range r.IntN(8) {
			if k := string('a' + rune(r.IntN(3))); r.IntN(2) == 0 {
				values = apply(values, Change(values, map[string]*string{k: word(r, "guard")}))
			} else {
				v := word(r, "user")
				if h, ok := record(values)[k]; same(v, value(values, k)) || ok && same(v, h.Wrote) {
					continue
				}
				set(values, k, v)
				set(own, k, v)
			}
		}
		if got := apply(values, Change(values, nil)); !maps.Equal(got, own) {
			t.Fatalf("from %v: got %v, want %v", values, got, own)
		}
	}
}

func word(r *rand.Rand, whose string) *string {
	w := whose + string('0'+rune(r.IntN(3)))
	if r.IntN(4) == 0 {
		return nil
	}
	return &w
}

func want(v string) map[string]*string { return map[string]*string{key: &v} }

func apply(values map[string]string, change map[string]*string) map[string]string {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]string{}
	}
	for k, v := range change {
		set(out, k, v)
	}
	return out
}
