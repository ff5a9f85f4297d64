// Package canary holds how traffic moves from one split to another in steps: where it is, what comes next, and when a gate
// has said enough. It is pure: values in, values out, no client and no clock.
package canary

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// Move is a change of traffic from the split that the cluster holds to the one that is wanted.
type Move struct {
	// Live is the split in the cluster, and End the wanted one, both pinned (see Pin) and each adding up to 100.
	Live, End []rollout.Target
	// Before is where a move that is under way began, pinned; nil where none is.
	Before []rollout.Target
	// Ages gives the Revisions by age: the greater, the younger. A Revision that is not in it does not exist.
	Ages map[string]int64
}

// Stage is a split to hold for a while on the way.
type Stage struct {
	// Step is the index of the step that it carries out.
	Step  int
	Split []rollout.Target
}

// Pin names the Revision of each target that follows the latest one, so that a split stays what it is while a move lasts.
// Where no Revision has ever been Ready, latest is empty and so is the name.
func Pin(targets []rollout.Target, latest string) []rollout.Target {
	out := slices.Clone(targets)
	for i := range out {
		if out[i].Latest {
			out[i].Latest, out[i].Revision = false, latest
		}
	}
	return out
}

// Stages are the splits to hold, in their order, before End is written. Steps are percents from 0 to 100, in ascending order.
//
//	the move                                              stages
//	raises no Revision                                    none
//	raises only Revisions older than all that fall        none: a rollback goes at once
//	takes traffic from Revisions that are all gone        none: nobody answers there
//	is under way, and at one of its stages                that stage and those after it: its gates have not passed
//	otherwise                                             those of the steps that raise a Revision
//
// A step that the first split stands at exactly is a stage too: a preview at 0 %, or a canary that was there before. The last
// stage is the first one that reaches End.
func (m Move) Stages(steps []int64) []Stage {
	rising, falling := m.directions()
	if len(rising) == 0 || m.rollback(rising, falling) || unnamed(m.Live) || unnamed(m.End) {
		return nil
	}
	if m.underWay() {
		all := m.walk(m.Before, rising, steps)
		if i := slices.IndexFunc(all, func(s Stage) bool { return Same(s.Split, m.Live) }); i >= 0 {
			return all[i:]
		}
	}
	return m.walk(m.Live, rising, steps)
}

func (m Move) walk(from []rollout.Target, rising []string, steps []int64) []Stage {
	var out []Stage
	at, end := shares(from), shares(m.End)
	for i, percent := range steps {
		next := raise(at, end, percent)
		if maps.Equal(next, at) && (len(out) > 0 || !standsAt(at, end, rising, percent)) {
			continue
		}
		out = append(out, Stage{i, m.split(next)})
		if at = next; maps.Equal(at, end) {
			break
		}
	}
	return out
}

// Rising are the Revisions that End gives more to than they had where the move began, by name.
func (m Move) Rising() []string {
	rising, _ := m.directions()
	return rising
}

func (m Move) directions() (rising, falling []string) {
	from, end := shares(m.Live), shares(m.End)
	if m.underWay() {
		from = shares(m.Before)
	}
	for _, revision := range names(from, end) {
		switch {
		case end[revision] > from[revision]:
			rising = append(rising, revision)
		case end[revision] < from[revision]:
			falling = append(falling, revision)
		}
	}
	return rising, falling
}

// underWay says whether the live split is on the way from Before to End: each share between the two, ends included. Else it
// was on the way to another end, and the move to this one begins where it is.
func (m Move) underWay() bool {
	if m.Before == nil {
		return false
	}
	before, at, end := shares(m.Before), shares(m.Live), shares(m.End)
	return !slices.ContainsFunc(names(before, at), func(r string) bool {
		return at[r] < min(before[r], end[r]) || at[r] > max(before[r], end[r])
	})
}

// rollback holds where each Revision that rises is there, and older than each one that falls and is there.
func (m Move) rollback(rising, falling []string) bool {
	return !slices.ContainsFunc(rising, func(r string) bool {
		age, exists := m.Ages[r]
		return !exists || slices.ContainsFunc(falling, func(f string) bool {
			other, exists := m.Ages[f]
			return exists && age >= other
		})
	})
}

// standsAt says whether a split is exactly that of a step.
func standsAt(at, end map[string]int64, rising []string, percent int64) bool {
	return !slices.ContainsFunc(rising, func(r string) bool { return at[r] != min(percent, end[r]) })
}

// Same says whether two splits send the requests the same ways, whatever their tags.
func Same(a, b []rollout.Target) bool { return maps.Equal(shares(a), shares(b)) }

// Describe is a split in one line, the greatest share first.
func Describe(targets []rollout.Target) string {
	by := shares(targets)
	revisions := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if by[a] != by[b] {
			return int(by[b] - by[a])
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, 0, len(by))
	for _, r := range revisions {
		parts = append(parts, fmt.Sprintf("%s %d %%", r, by[r]))
	}
	return strings.Join(parts, ", ")
}

func unnamed(targets []rollout.Target) bool {
	return slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Revision == "" })
}
