package canary

import (
	"cmp"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// shares is the percent of each Revision that has one.
func shares(targets []rollout.Target) map[string]int64 {
	out := map[string]int64{}
	for _, t := range targets {
		if t.Percent > 0 {
			out[t.Revision] += t.Percent
		}
	}
	return out
}

func names(a, b map[string]int64) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// raise gives each Revision that end wants more of the step's percent, capped at end's; what it has already it keeps. Those
// that end wants less of give way in proportion to the way that they have to go, in whole percents by largest remainder.
// Both add up to 100, and so does the result.
func raise(at, end map[string]int64, percent int64) map[string]int64 {
	next := maps.Clone(at)
	var gained, toGo int64
	var falling []string
	for _, revision := range names(at, end) {
		if to := min(percent, end[revision]); to > at[revision] {
			gained += to - at[revision]
			next[revision] = to
		}
		if way := at[revision] - end[revision]; way > 0 {
			toGo += way
			falling = append(falling, revision)
		}
	}
	if gained == 0 {
		return next
	}
	remainder := map[string]int64{}
	rest := gained
	for _, revision := range falling {
		exact := gained * (at[revision] - end[revision])
		next[revision] -= exact / toGo
		rest -= exact / toGo
		remainder[revision] = exact % toGo
	}
	slices.SortStableFunc(falling, func(a, b string) int { return cmp.Compare(remainder[b], remainder[a]) })
	for _, revision := range falling[:rest] {
		next[revision]--
	}
	maps.DeleteFunc(next, func(_ string, percent int64) bool { return percent == 0 })
	return next
}

// split writes shares as targets: those of End in their order, with their tags, and then what End no longer names. A tag
// that leads to another Revision now stays there until End is written: it moves with the last step.
func (m Move) split(by map[string]int64) []rollout.Target {
	holder := map[string]string{}
	for _, t := range m.Live {
		if t.Tag != "" {
			holder[t.Tag] = t.Revision
		}
	}
	out := slices.Clone(m.End)
	for i, t := range out {
		if now, taken := holder[t.Tag]; taken && now != t.Revision {
			out[i].Tag = ""
		}
	}
	for _, t := range m.Live {
		out = keep(out, t)
	}
	for _, t := range m.Before {
		out = keep(out, rollout.Target{Revision: t.Revision})
	}
	for i, t := range out {
		out[i].Percent = min(t.Percent, by[t.Revision]-given(out[:i], t.Revision))
	}
	for _, revision := range names(by, nil) {
		first := slices.IndexFunc(out, func(t rollout.Target) bool { return t.Revision == revision })
		out[first].Percent += by[revision] - given(out, revision)
	}
	return slices.DeleteFunc(out, func(t rollout.Target) bool {
		return t.Percent == 0 && t.Tag == "" && !slices.ContainsFunc(m.End, func(e rollout.Target) bool { return e.Revision == t.Revision })
	})
}

// keep gives a target of the live split a place among the others, without a share: its tag, and its Revision.
func keep(out []rollout.Target, live rollout.Target) []rollout.Target {
	free := -1
	for i, t := range out {
		if t.Revision == live.Revision && (t.Tag == live.Tag || live.Tag == "") {
			return out
		}
		if t.Revision == live.Revision && t.Tag == "" {
			free = i
		}
	}
	if free >= 0 {
		out[free].Tag = live.Tag
		return out
	}
	return append(out, rollout.Target{Revision: live.Revision, Tag: live.Tag})
}

func given(targets []rollout.Target, revision string) int64 {
	var sum int64
	for _, t := range targets {
		if t.Revision == revision {
			sum += t.Percent
		}
	}
	return sum
}
