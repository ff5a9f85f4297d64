package rollout

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func TestCheckTrafficSum(t *testing.T) {
	pin := func(name string, percent int64, tag string) Target {
		return Target{Revision: name, Percent: percent, Tag: tag}
	}
	for name, tc := range map[string]struct {
		targets []Target
		field   string // of the one violation wanted; "sum" for the split as a whole, "" for none
		target  int
		says    string
	}{
		"all to one":               {[]Target{pin("a", 100, "")}, "", 0, ""},
		"all to the latest":        {[]Target{{Latest: true, Percent: 100}}, "", 0, ""},
		"70/30":                    {[]Target{pin("a", 70, "stable"), pin("b", 30, "canary")}, "", 0, ""},
		"a tag with no share":      {[]Target{pin("a", 100, ""), pin("b", 0, "preview")}, "", 0, ""},
		"one revision twice":       {[]Target{pin("a", 50, ""), pin("a", 50, "x")}, "", 0, ""},
		"sum 99":                   {[]Target{pin("a", 70, ""), pin("b", 29, "")}, "sum", -1, "Give 1 more"},
		"sum 101":                  {[]Target{pin("a", 71, ""), pin("b", 30, "")}, "sum", -1, "Take 1 away"},
		"no target":                {nil, "sum", -1, "Give 100 more"},
		"percent 101":              {[]Target{pin("a", 101, "")}, "percent", 0, "101"},
		"percent -1":               {[]Target{pin("a", -1, "")}, "percent", 0, "0 to 100"},
		"tag twice":                {[]Target{pin("a", 50, "x"), pin("b", 50, "x")}, "tag", 1, "target 0"},
		"tag with capitals":        {[]Target{pin("a", 100, "Canary")}, "tag", 0, `"canary"`},
		"tag begins with a digit":  {[]Target{pin("a", 100, "2nd")}, "tag", 0, `"nd"`},
		"tag of 64 letters":        {[]Target{pin("a", 100, strings.Repeat("a", 64))}, "tag", 0, "63"},
		"neither":                  {[]Target{{Percent: 100}}, "revisionName", 0, "names no revision"},
		"both revision and latest": {[]Target{{Revision: "a", Latest: true, Percent: 100}}, "latestRevision", 0, "Keep one"},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckTrafficSum(tc.targets)
			if tc.field == "" {
				if len(got) != 0 {
					t.Fatalf("refused: %v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("got %d violations, want 1: %v", len(got), got)
			}
			field := got[0].Field
			if got[0].Target == -1 {
				field = "sum"
			}
			if field != tc.field || got[0].Target != tc.target || !strings.Contains(got[0].String(), tc.says) {
				t.Errorf("got %s at target %d: %v; want %s at %d that says %q", field, got[0].Target, got[0], tc.field, tc.target, tc.says)
			}
		})
	}
}

// FuzzCheckTrafficSum checks the rule against its own statement, and that each tag it proposes is well-formed.
func FuzzCheckTrafficSum(f *testing.F) {
	f.Add(int64(70), "stable", int64(30), "canary")
	f.Add(int64(-1), "A", int64(101), "-")
	f.Fuzz(func(t *testing.T, a int64, tagA string, b int64, tagB string) {
		targets := []Target{{Revision: "a", Percent: a, Tag: tagA}, {Revision: "b", Percent: b, Tag: tagB}}
		tagOK := func(s string) bool { return s == "" || len(validation.IsDNS1035Label(s)) == 0 }
		want := a >= 0 && a <= 100 && b >= 0 && b <= 100 && a+b == 100 && tagOK(tagA) && tagOK(tagB) && (tagA == "" || tagA != tagB)
		if got := len(CheckTrafficSum(targets)) == 0; got != want {
			t.Errorf("allowed %v, want %v: %+v", got, want, targets)
		}
		if l := label(tagA); len(validation.IsDNS1035Label(l)) != 0 {
			t.Errorf("proposed tag %q for %q is malformed", l, tagA)
		}
	})
}

// TestIsLabel holds it to what Kubernetes itself says, for every text of four signs and around the limit of length.
func TestIsLabel(t *testing.T) {
	const signs = "az09-A.é"
	var all func(string)
	all = func(tag string) {
		if got, want := isLabel(tag), len(validation.IsDNS1035Label(tag)) == 0; got != want {
			t.Errorf("%q: %v, want %v", tag, got, want)
		}
		if len(tag) < 4 {
			for i := range len(signs) {
				all(tag + signs[i:i+1])
			}
		}
	}
	all("")
	for n := 62; n < 66; n++ {
		if got := isLabel(strings.Repeat("a", n)); got != (n <= 63) {
			t.Errorf("%d letters: %v", n, got)
		}
	}
}
