package canary

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// ages of the Revisions in these tests: v1 is the oldest. v0 is gone.
var ages = map[string]int64{"v1": 1, "v2": 2, "v3": 3, "v4": 4}

// splitOf reads "v1 90 stable, v2 10": a Revision, its percent and a tag.
func splitOf(t *testing.T, text string) []rollout.Target {
	t.Helper()
	var out []rollout.Target
	for part := range strings.SplitSeq(text, ", ") {
		if part == "" {
			continue
		}
		var target rollout.Target
		if n, err := fmt.Sscan(part, &target.Revision, &target.Percent, &target.Tag); n < 2 {
			t.Fatalf("%q: %v", part, err)
		}
		out = append(out, target)
	}
	return out
}

func textOf(split []rollout.Target) string {
	parts := make([]string, 0, len(split))
	for _, t := range split {
		parts = append(parts, strings.TrimSpace(fmt.Sprint(t.Revision, " ", t.Percent, " ", t.Tag)))
	}
	return strings.Join(parts, ", ")
}

func TestStages(t *testing.T) {
	for name, tc := range map[string]struct {
		live, end, before string
		steps             []int64
		want              []string // "step: split"
	}{
		"from nothing":                        {"v1 100", "v2 100", "", []int64{10, 50}, []string{"0: v2 10, v1 90", "1: v2 50, v1 50"}},
		"End's own order and tags":            {"v1 100 stable", "v1 0 stable, v2 100 canary", "", []int64{10}, []string{"0: v1 90 stable, v2 10 canary"}},
		"to a canary that stays":              {"v1 100", "v1 70, v2 30", "", []int64{10, 50, 80}, []string{"0: v1 90, v2 10", "1: v1 70, v2 30"}},
		"a preview at 0 %":                    {"v1 100", "v2 100 canary", "", []int64{0, 50}, []string{"0: v2 0 canary, v1 100", "1: v2 50 canary, v1 50"}},
		"interrupted at a step: it again":     {"v2 10, v1 90", "v2 100", "v1 100", []int64{10, 50}, []string{"0: v2 10, v1 90", "1: v2 50, v1 50"}},
		"found between two steps":             {"v2 30, v1 70", "v2 100", "", []int64{10, 50}, []string{"1: v2 50, v1 50"}},
		"beyond the last step":                {"v2 70, v1 30", "v2 100", "", []int64{10, 50}, nil},
		"at the end":                          {"v2 100", "v2 100", "", []int64{10, 100}, nil},
		"at the end, and its gates are open":  {"v2 100", "v2 100", "v1 100", []int64{10, 100}, []string{"1: v2 100"}},
		"at the end, of which no step knows":  {"v2 100", "v2 100", "v1 100", []int64{10}, nil},
		"only tags differ":                    {"v1 100", "v1 100 stable", "", []int64{10}, nil},
		"rollback":                            {"v1 50, v2 50", "v1 100", "", []int64{10}, nil},
		"rollback to what had nothing":        {"v2 100", "v1 100", "", []int64{10}, nil},
		"rollback of a move under way":        {"v1 90, v2 10", "v1 100", "v1 100", []int64{10}, nil},
		"rollback to two":                     {"v3 100", "v1 50, v2 50", "", []int64{10}, nil},
		"one older rises, and one younger":    {"v2 100", "v1 50, v3 50", "", []int64{10}, []string{"0: v1 10, v3 10, v2 80"}},
		"younger than one that falls":         {"v1 50, v3 50", "v2 100", "", []int64{10}, []string{"0: v2 10, v1 45, v3 45"}},
		"away from what is gone":              {"v0 100", "v2 100", "", []int64{10}, nil},
		"away from what is gone and what not": {"v0 50, v1 50", "v2 100", "", []int64{10}, []string{"0: v2 10, v0 45, v1 45"}},
		"to what is not there":                {"v1 100", "v9 100", "", []int64{10}, []string{"0: v9 10, v1 90"}},
		"another aim on the way":              {"v1 90, v2 10", "v3 100", "v1 100", []int64{10}, []string{"0: v3 10, v1 81, v2 9"}},
		"a tag moves last":                    {"v1 100 stable", "v2 100 stable", "", []int64{10}, []string{"0: v2 10, v1 90 stable"}},
		"a tag that goes goes last":           {"v1 100 old", "v2 100", "", []int64{10}, []string{"0: v2 10, v1 90 old"}},
		"a tag moves beside another":          {"v1 100 stable", "v1 0 old, v2 100 stable", "", []int64{10}, []string{"0: v1 90 old, v2 10, v1 0 stable"}},
		"one Revision under two tags":         {"v1 100", "v2 60 a, v2 40 b", "", []int64{70}, []string{"0: v2 60 a, v2 10 b, v1 30"}},
		"in proportion, by largest remainder": {"v1 34, v2 33, v3 33", "v4 100", "", []int64{10}, []string{"0: v4 10, v1 30, v2 30, v3 30"}},
		"the remainder goes by name":          {"v1 50, v2 50", "v4 100", "", []int64{25}, []string{"0: v4 25, v1 37, v2 38"}},
		"two rise, one of them to its end":    {"v1 100", "v2 20, v3 80", "", []int64{20, 50}, []string{"0: v2 20, v3 20, v1 60", "1: v2 20, v3 50, v1 30"}},
		"interrupted, and only one is left":   {"v2 20, v3 20, v1 60", "v2 20, v3 80", "v1 100", []int64{20, 50}, []string{"0: v2 20, v3 20, v1 60", "1: v2 20, v3 50, v1 30"}},
		"steps below what it has already":     {"v1 60, v2 40", "v2 100", "", []int64{10, 20, 50}, []string{"2: v2 50, v1 50"}},
		"nobody has ever been Ready":          {" 100", "v1 100", "", []int64{10}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := Move{End: splitOf(t, tc.end), Ages: ages}
			if m.Before = splitOf(t, tc.before); tc.live == " 100" {
				m.Live = []rollout.Target{{Percent: 100}}
			} else {
				m.Live = splitOf(t, tc.live)
			}
			var got []string
			for _, s := range m.Stages(tc.steps) {
				got = append(got, fmt.Sprintf("%d: %s", s.Step, textOf(s.Split)))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPin(t *testing.T) {
	got := Pin([]rollout.Target{{Latest: true, Percent: 30, Tag: "new"}, {Revision: "v1", Percent: 70}}, "v2")
	if want := "v2 30 new, v1 70"; textOf(got) != want || got[0].Latest {
		t.Errorf("got %s, want %s", textOf(got), want)
	}
}

func TestDescribe(t *testing.T) {
	if got, want := Describe(splitOf(t, "v2 10, v1 80 stable, v1 0 old, v3 10")), "v1 80 %, v2 10 %, v3 10 %"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzStages walks moves between random splits of Revisions of random ages, and holds each stage to what is promised:
// Knative takes it; what rises never falls and what falls never rises; no tag changes its Revision; the last stage leads to
// End; and whoever is interrupted at any stage goes on with that stage, and through the same ones.
func FuzzStages(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := Move{Live: randomSplit(r), End: randomSplit(r), Ages: map[string]int64{}}
		for i, n := range r.Perm(6) {
			m.Ages[fmt.Sprint("v", i)] = int64(n)
		}
		steps := []int64{}
		for p := r.Int64N(30); p <= 100; p += 1 + r.Int64N(40) {
			steps = append(steps, p)
		}
		stages := m.Stages(steps)
		if len(stages) == 0 {
			return
		}
		from := m.Live
		for i, s := range stages {
			if v := rollout.CheckTrafficSum(s.Split); len(v) > 0 {
				t.Fatalf("%s → %s: stage %s: %v", textOf(m.Live), textOf(m.End), textOf(s.Split), v)
			}
			towards(t, from, s.Split, m.End, steps[s.Step])
			for _, tag := range s.Split {
				if holder := holderOf(m.Live, tag.Tag); tag.Tag != "" && holder != "" && holder != tag.Revision {
					t.Fatalf("the tag %s moves from %s to %s before the end", tag.Tag, holder, tag.Revision)
				}
			}
			resumed := Move{Live: s.Split, End: m.End, Before: m.Live, Ages: m.Ages}.Stages(steps)
			if !slices.EqualFunc(resumed, stages[i:], func(a, b Stage) bool { return a.Step == b.Step && Same(a.Split, b.Split) }) {
				t.Fatalf("%s → %s: interrupted at %s: goes on with %v, want %v", textOf(m.Live), textOf(m.End), textOf(s.Split), resumed, stages[i:])
			}
			from = s.Split
		}
		towards(t, from, m.End, m.End, 100)
	})
}

// towards wants each share of next between what it is and what it becomes in the end, and none risen above the step.
func towards(t *testing.T, at, next, end []rollout.Target, percent int64) {
	t.Helper()
	a, n, e := shares(at), shares(next), shares(end)
	for _, revision := range names(union(a, n), e) {
		low, high := min(a[revision], e[revision]), max(a[revision], e[revision])
		if n[revision] < low || n[revision] > high || n[revision] > a[revision] && n[revision] > percent {
			t.Fatalf("%s → %s (of %s, step %d): %s", textOf(at), textOf(next), textOf(end), percent, revision)
		}
	}
}

func union(a, b map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for _, n := range names(a, b) {
		out[n] = 0
	}
	return out
}

func holderOf(split []rollout.Target, tag string) string {
	for _, t := range split {
		if t.Tag == tag {
			return t.Revision
		}
	}
	return ""
}

// randomSplit shares 100 percent among up to four targets, with some Revisions twice and some tags.
func randomSplit(r *rand.Rand) []rollout.Target {
	var out []rollout.Target
	left, tags := int64(100), []string{"a", "b", "c", ""}
	r.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	for i := range 1 + r.IntN(4) {
		percent := r.Int64N(left + 1)
		out = append(out, rollout.Target{Revision: fmt.Sprint("v", r.IntN(6)), Percent: percent, Tag: tags[i]})
		left -= percent
	}
	out[0].Percent += left
	return out
}
