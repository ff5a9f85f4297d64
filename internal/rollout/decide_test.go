package rollout

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

func TestDecide(t *testing.T) {
	jump := []Target{pin("v2", 100)}
	for name, tc := range map[string]struct {
		enforcement              v1alpha1.Enforcement
		traffic                  []Target
		refused, warned, audited int
	}{
		"enforced":              {v1alpha1.Enforce, jump, 1, 0, 0},
		"enforced by default":   {"", jump, 1, 0, 0},
		"warned":                {v1alpha1.Warn, jump, 0, 1, 0},
		"audited":               {v1alpha1.Audit, jump, 0, 0, 1},
		"always on: sum":        {v1alpha1.Audit, []Target{pin("v1", 90)}, 1, 0, 0},
		"always on: exists":     {v1alpha1.Audit, []Target{pin("v9", 0), pin("v1", 100)}, 1, 0, 0},
		"one that is not there": {v1alpha1.Enforce, []Target{pin("v9", 10), pin("v1", 90)}, 1, 0, 0},
		"a rollback whose sum":  {v1alpha1.Enforce, []Target{pin("v1", 101)}, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			old, f := world()
			next := old
			next.Traffic = tc.traffic
			f.Policies = []Policy{policy(t, v1alpha1.RolloutPolicySpec{Enforcement: tc.enforcement, MaxStepPercent: new(int32(20)), RequireReady: true})}
			d := Decide(&old, &next, f, noon)
			if len(d.Violations) != tc.refused || len(d.Warnings) != tc.warned || len(d.Audits) != tc.audited || d.Allowed != (tc.refused == 0) {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func TestDecideLeavesOldTroubleAlone(t *testing.T) {
	old, f := world()
	old.Traffic = []Target{pin("gone", 50)}
	next := old
	next.Name = "hello"
	if d := Decide(&old, &next, f, noon); !d.Allowed {
		t.Errorf("a change of neither traffic nor template: %v", d.Violations)
	}
}

func TestDecideDeletion(t *testing.T) {
	old, f := world()
	for _, protect := range []bool{false, true} {
		f.Policies = []Policy{policy(t, v1alpha1.RolloutPolicySpec{ProtectFromDeletion: protect, MaxStepPercent: new(int32(1))})}
		if d := Decide(&old, nil, f, noon); d.Allowed == protect {
			t.Errorf("protected %v: %+v", protect, d)
		}
	}
}

// TestDecideMadeAnew is the table of anchor for a Service that is made under the name of one that was.
func TestDecideMadeAnew(t *testing.T) {
	_, deletedNow := world()
	caughtUp := deletedNow
	caughtUp.Record = ObserveDeleted(deletedNow.Record, noon)
	none := Facts{}
	for name, tc := range map[string]struct {
		facts   Facts
		runs    string
		after   time.Duration
		refused bool
	}{
		"the first of its name":                {none, "x", 0, false},
		"with the stable code":                 {caughtUp, "run v1", time.Hour, false},
		"with other code":                      {caughtUp, "run v2", time.Hour, true},
		"with other code, a day later":         {caughtUp, "run v2", v1alpha1.FormerKept, false},
		"before the record knows: stable code": {deletedNow, "run v1", 0, false},
		"before the record knows: other code":  {deletedNow, "run v2", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := tc.facts
			f.Policies = []Policy{policy(t, v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))})}
			now := noon.Add(tc.after)
			next := Service{Name: "hello", Traffic: []Target{latest(100)}, Template: "a", Runs: tc.runs}
			d := Decide(nil, &next, f, now)
			if d.Allowed == tc.refused {
				t.Errorf("%+v", d)
			}
			if tc.refused && !strings.Contains(d.Violations[0].WayOut, "deleted less than a day ago") {
				t.Errorf("the way out is %q", d.Violations[0].WayOut)
			}
			// Made with the stable code and then changed at once, before anything is served: the same answer.
			first := next
			first.UID, first.Runs, first.Template, first.Settled, first.LatestCreated = "2", "run v1", "b", true, "hello-00001"
			f.Record, _ = Observe(f.Record, Seen{Service: first}, now)
			if d := Decide(&first, &next, f, now); d.Allowed == tc.refused {
				t.Errorf("changed after it was made: %+v", d)
			}
		})
	}
}

func TestCheckLiveRevision(t *testing.T) {
	s, f := world()
	s.LatestCreated = "v3"
	tagged, withLatest, foreign := s, s, f.Record
	tagged.Traffic = []Target{pin("v1", 100), {Revision: "bad", Tag: "look"}}
	withLatest.Traffic = []Target{pin("v1", 100), latest(0)}
	foreign.ServiceUID = "2"
	for name, tc := range map[string]struct {
		revision string
		service  *Service
		record   v1alpha1.RolloutRecordStatus
		says     string
	}{
		"the Service is gone":       {"v1", nil, f.Record, ""},
		"a share":                   {"v2", &s, f.Record, "gets requests"},
		"served still":              {"v2", &tagged, f.Record, "gets requests"},
		"a tag":                     {"bad", &tagged, f.Record, "has a tag"},
		"the latest is a target":    {"v3", &withLatest, f.Record, "is a target"},
		"the latest is no target":   {"v3", &s, f.Record, ""},
		"stable":                    {"v1", &Service{UID: "1"}, f.Record, "is the stable one"},
		"the one before":            {"v0", &s, f.Record, "before the present one"},
		"the one before of another": {"v0", &s, foreign, ""},
		"none of these":             {"bad", &s, f.Record, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckLiveRevision(tc.revision, tc.service, tc.record)
			if (len(got) > 0) != (tc.says != "") || tc.says != "" && !strings.Contains(got[0].String(), tc.says) {
				t.Errorf("got %v, want %q", got, tc.says)
			}
		})
	}
}

func TestBakeTimeIsTheLongest(t *testing.T) {
	got := BakeTime([]Policy{{}, policy(t, v1alpha1.RolloutPolicySpec{BakeTime: minutes(5)}), policy(t, v1alpha1.RolloutPolicySpec{BakeTime: &metav1.Duration{Duration: time.Hour}})})
	if got != time.Hour {
		t.Errorf("got %s", got)
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	if _, err := NewPolicy("x", v1alpha1.RolloutPolicySpec{Freeze: []v1alpha1.FreezeWindow{{Name: "x", Schedule: "never", Duration: minutes(1)}}}); err == nil {
		t.Error("a schedule that is none was taken")
	}
}

func TestFindingString(t *testing.T) {
	v := Violation{"max-step", 0, "percent", "A.", "B.", "C."}
	if got := (Finding{"careful", v}).String(); got != "RolloutPolicy careful, rule max-step: A. B. C." {
		t.Error(got)
	}
	if got := (Finding{"", v}).String(); got != "rule max-step: A. B. C." {
		t.Error(got)
	}
}
