package rollout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// moment is a split that is asked for and served, some minutes after the one before.
type moment struct {
	after   int
	split   []Target
	unready string // a Revision that is not Ready just then
	served  []Target
}

// TestObserve is the table of noteChange and of promote, with a bake time of 10 minutes.
func TestObserve(t *testing.T) {
	canary, whole1, whole2 := []Target{pin("v1", 90), pin("v2", 10)}, []Target{pin("v1", 100)}, []Target{pin("v2", 100)}
	first, promoted := moment{split: whole1}, []moment{{split: whole1}, {after: 1, split: canary}, {after: 1, split: whole2}, {after: 10, split: whole2}}
	for name, tc := range map[string]struct {
		moments                            []moment
		stable, previous, rolledBack, kind string
		wake                               int // minutes from the last moment; 0 for never
	}{
		"the first is stable at once":     {[]moment{first}, "v1", "", "", "Other", 0},
		"not while it is not Ready":       {[]moment{{split: whole1, unready: "v1"}}, "", "", "", "Other", 0},
		"a step forward":                  {[]moment{first, {after: 1, split: canary}}, "v1", "", "", "Forward", 0},
		"whole, not baked":                {[]moment{first, {after: 1, split: whole2}, {after: 9, split: whole2}}, "v1", "", "", "Forward", 1},
		"whole, baked":                    {promoted, "v2", "v1", "", "Forward", 0},
		"whole, but asked for only":       {[]moment{first, {after: 1, split: whole2, served: canary}, {after: 20, split: whole2, served: canary}}, "v1", "", "", "Forward", 0},
		"whole, with a break":             {[]moment{first, {after: 1, split: whole2}, {after: 9, split: whole2, unready: "v2"}, {after: 1, split: whole2}}, "v1", "", "", "Forward", 10},
		"a canary rolled back":            {[]moment{first, {after: 1, split: canary}, {after: 1, split: whole1}}, "v1", "", "v2", "Rollback", 0},
		"a canary lowered":                {[]moment{first, {after: 1, split: []Target{pin("v1", 50), pin("v2", 50)}}, {after: 1, split: canary}}, "v1", "", "", "Rollback", 0},
		"back to the one before":          {append(slices.Clone(promoted), moment{after: 1, split: whole1}), "v1", "", "v2", "Rollback", 0},
		"back to it, not Ready":           {append(slices.Clone(promoted), moment{after: 1, split: whole1, unready: "v1"}), "v2", "v1", "", "Rollback", 0},
		"a third, from the second":        {append(slices.Clone(promoted), moment{after: 1, split: []Target{pin("v2", 50), pin("v3", 50)}}), "v2", "v1", "", "Forward", 0},
		"what was rolled back gets baked": {[]moment{first, {after: 1, split: canary}, {after: 1, split: whole1}, {after: 1, split: whole2}, {after: 10, split: whole2}}, "v2", "v1", "", "Forward", 0},
	} {
		t.Run(name, func(t *testing.T) {
			now, wake := noon, time.Time{}
			var r v1alpha1.RolloutRecordStatus
			for _, m := range tc.moments {
				now = now.Add(time.Duration(m.after) * time.Minute)
				if m.served == nil {
					m.served = m.split
				}
				s := Seen{Service: Service{UID: "1", Traffic: m.split, Serving: m.served, Settled: true}, BakeTime: 10 * time.Minute, By: "ann", Revisions: map[string]Revision{}}
				for i, name := range []string{"v1", "v2", "v3"} {
					s.Revisions[name] = Revision{Ready: name != m.unready, Runs: "run " + name, Created: noon.Add(time.Duration(i) * time.Second)}
				}
				r, wake = Observe(r, s, now)
				again, _ := Observe(r, s, now)
				if d := cmp.Diff(r, again); d != "" {
					t.Fatalf("seeing the same again changes the record: %s", d)
				}
			}
			if r.Stable != tc.stable || r.Previous != tc.previous || strings.Join(r.RolledBack, " ") != tc.rolledBack || r.History[0].Kind != tc.kind {
				t.Errorf("got %+v", r)
			}
			if tc.stable != "" && r.StableTemplate != "run "+tc.stable {
				t.Errorf("the stable template is %q", r.StableTemplate)
			}
			if got := wake.Sub(now); tc.wake == 0 != wake.IsZero() || tc.wake > 0 && got != time.Duration(tc.wake)*time.Minute {
				t.Errorf("to look again at %s, want after %d minutes", wake, tc.wake)
			}
			if r.History[0].By != "ann" {
				t.Errorf("by %q", r.History[0].By)
			}
		})
	}
}

func TestObserveUnsettledWritesNoSplit(t *testing.T) {
	s, f := world()
	s.Settled, s.Traffic = false, []Target{latest(100)}
	r, _ := Observe(f.Record, Seen{Service: s, Revisions: f.Revisions}, noon)
	if d := cmp.Diff(f.Record.Split, r.Split); d != "" || len(r.History) != 0 {
		t.Errorf("%s %v", d, r.History)
	}
}

// TestObserveForeignRecord: a record of another Service says nothing of this one, but what its history was and what it ran.
func TestObserveForeignRecord(t *testing.T) {
	s, f := world()
	s.UID, s.Serving = "2", nil
	r, _ := Observe(f.Record, Seen{Service: s, Revisions: f.Revisions}, noon)
	if r.ServiceUID != "2" || r.Stable != "" || r.Previous != "" || r.RolledBack != nil || r.LastStep != nil {
		t.Errorf("kept of another: %+v", r)
	}
	if r.Former == nil || r.Former.Template != "run v1" || !r.Former.Deleted.Time.Equal(noon) {
		t.Errorf("former %+v", r.Former)
	}
}

func TestObserveForgets(t *testing.T) {
	s, f := world()
	r := f.Record
	for i := range 3 * v1alpha1.RecordKept {
		s.Traffic = []Target{pin("v1", 50), pin("v2", int64(i%50)), pin("v3", 50-int64(i%50))}
		r, _ = Observe(r, Seen{Service: s, Revisions: f.Revisions}, noon)
		rolledBack(&r, strings.Repeat("x", i+1))
	}
	if len(r.History) != v1alpha1.RecordKept || len(r.RolledBack) != v1alpha1.RecordKept {
		t.Errorf("%d changes, %d rolled back", len(r.History), len(r.RolledBack))
	}
}
