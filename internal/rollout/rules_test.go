package rollout

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) // a Friday

// world is what most of the tables start from: v1 is stable with 90 %, v2 has 10 % since an hour, v3 is not Ready, v0 was stable
// before v1, and bad was rolled back from.
func world() (Service, Facts) {
	traffic := []Target{{Revision: "v1", Percent: 90}, {Revision: "v2", Percent: 10}}
	revisions := map[string]Revision{}
	for i, name := range []string{"v0", "v1", "bad", "v2", "v3"} {
		revisions[name] = Revision{Service: "hello", Ready: name != "v3", Created: noon.Add(time.Duration(i-100) * time.Hour), Runs: "run " + name}
	}
	hourAgo := metav1.NewTime(noon.Add(-time.Hour))
	return Service{Name: "hello", UID: "1", Traffic: traffic, Template: "t3", Runs: "run v3", Settled: true, LatestCreated: "v3", Serving: traffic},
		Facts{Revisions: revisions, Record: v1alpha1.RolloutRecordStatus{
			ServiceUID: "1", Stable: "v1", StableTemplate: "run v1", Previous: "v0", RolledBack: []string{"bad"}, LastStep: &hourAgo,
			Split:   []v1alpha1.Share{{Revision: "v1", Percent: 90}, {Revision: "v2", Percent: 10}},
			Serving: []v1alpha1.ServingRevision{{Share: v1alpha1.Share{Revision: "v1", Percent: 90}}, {Share: v1alpha1.Share{Revision: "v2", Percent: 10}, Since: hourAgo}},
		}}
}

func pin(revision string, percent int64) Target { return Target{Revision: revision, Percent: percent} }

func latest(percent int64) Target { return Target{Latest: true, Percent: percent} }

func policy(t *testing.T, spec v1alpha1.RolloutPolicySpec) Policy {
	t.Helper()
	p, err := NewPolicy("careful", spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func minutes(n int) *metav1.Duration {
	return &metav1.Duration{Duration: time.Duration(n) * time.Minute}
}

// row is a line of a truth table: a change of the world above, and what a rule says.
type row struct {
	change func(old, next *Service, f *Facts)
	says   string // "" where it is allowed
}

// split is the plainest change.
func split(targets ...Target) func(old, next *Service, f *Facts) {
	return func(_, next *Service, _ *Facts) { next.Traffic = targets }
}

// checkRule asks one rule, under one policy, about each row.
func checkRule(t *testing.T, rule string, spec v1alpha1.RolloutPolicySpec, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			old, f := world()
			next := old
			r.change(&old, &next, &f)
			f.Policies = []Policy{policy(t, spec)}
			d := Decide(&old, &next, f, noon)
			if d.Allowed != (len(d.Violations) == 0) {
				t.Errorf("allowed %v with %v", d.Allowed, d.Violations)
			}
			switch {
			case r.says == "" && len(d.Violations) > 0:
				t.Errorf("refused: %v", d.Violations)
			case r.says != "" && (len(d.Violations) != 1 || d.Violations[0].Rule != rule || !strings.Contains(d.Violations[0].String(), r.says)):
				t.Errorf("got %v, want one of rule %s that says %q", d.Violations, rule, r.says)
			}
		})
	}
}

func TestMaxStep(t *testing.T) {
	checkRule(t, MaxStep, v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))}, map[string]row{
		"a Revision from 10 to 30":           {split(pin("v1", 70), pin("v2", 30)), ""},
		"a Revision from 10 to 31":           {split(pin("v1", 69), pin("v2", 31)), "Give v2 30 % now, and leave the rest to the stable v1."},
		"two Revisions by 10 each":           {split(pin("v1", 70), pin("v2", 20), pin("bad", 10)), ""},
		"two Revisions by 11 each":           {split(pin("v1", 68), pin("v2", 21), pin("bad", 11)), "bad and v2 22 % more"},
		"two targets on one, and other tags": {split(pin("v1", 69), Target{Revision: "v2", Percent: 10, Tag: "x"}, Target{Revision: "v2", Percent: 21, Tag: "y"}), "v2 21 % more"},
		"the same shares under other tags":   {split(Target{Revision: "v2", Percent: 10, Tag: "x"}, pin("v1", 40), Target{Revision: "v1", Percent: 50, Tag: "y"}), ""},
		"a new template under latest: 20": {func(_, next *Service, _ *Facts) {
			next.Template, next.Traffic = "t4", []Target{pin("v1", 80), latest(20)}
		}, ""},
		"a new template under latest: 21": {func(_, next *Service, _ *Facts) {
			next.Template, next.Traffic = "t4", []Target{pin("v1", 79), latest(21)}
		}, "Give the target `latestRevision: true` 20 %"},
		"a template alone, under latest: 100": {hidden, "the new Revision 100 % more"},
		"a template alone, under latest: 0":   {func(_, next *Service, _ *Facts) { next.Template = "t4" }, ""},
		"a template that names its Revision": {func(_, next *Service, _ *Facts) {
			next.Template, next.NewRevision, next.Traffic = "t4", "v4", []Target{pin("v1", 50), pin("v4", 50)}
		}, "v4 50 % more"},
		"before the last step is served": {func(old, next *Service, _ *Facts) {
			old.Serving, next.Traffic = []Target{pin("v1", 100)}, []Target{pin("v1", 70), pin("v2", 30)}
		}, "30 % more of all requests than is served now (the last change is not carried out yet)"},
		"latest, while Knative has not made it": {func(old, next *Service, _ *Facts) {
			old.Settled, old.LatestCreated = false, "v1"
			old.Traffic, next.Traffic = []Target{pin("v1", 80), latest(20)}, []Target{pin("v1", 60), latest(40)}
		}, "the new Revision 40 % more"},
		"latest lowered, while Knative has not made it": {func(old, next *Service, _ *Facts) {
			old.Settled, old.LatestCreated = false, "v3"
			old.Traffic, next.Traffic = []Target{pin("v1", 50), latest(50)}, []Target{pin("v1", 60), latest(40)}
		}, ""},
		"pinning what latest no longer is": {func(old, next *Service, _ *Facts) {
			old.Settled, old.LatestCreated, next.Template = false, "v3", "t4"
			old.Traffic, next.Traffic = []Target{pin("v1", 50), latest(50)}, []Target{pin("v1", 50), pin("v3", 50)}
		}, "v3 50 % more"},
		"latest is the stable one": {func(old, next *Service, _ *Facts) {
			old.LatestCreated, next.Traffic = "v1", []Target{latest(100)}
		}, ""},
		"pinning what latest is": {func(old, next *Service, _ *Facts) {
			old.Traffic, old.Serving, next.Traffic = []Target{latest(100)}, []Target{pin("v3", 100)}, []Target{pin("v3", 100)}
		}, ""},
		"all to the stable one":         {split(pin("v1", 100)), ""},
		"all to the one before":         {split(pin("v0", 100)), ""},
		"a part to the one before":      {split(pin("v0", 50), pin("v1", 50)), ""},
		"back, and another forward too": {split(pin("v0", 50), pin("v2", 50)), "v2 40 % more"},
		"no record: back to most": {func(_, next *Service, f *Facts) {
			f.Record, next.Traffic = v1alpha1.RolloutRecordStatus{}, []Target{pin("v1", 100)}
		}, ""},
		"no record: forward": {func(_, next *Service, f *Facts) {
			f.Record, next.Traffic = v1alpha1.RolloutRecordStatus{}, []Target{pin("v2", 100)}
		}, "v2 90 % more"},
		"no record, two halves: back to the older": {func(old, next *Service, f *Facts) {
			f.Record, old.Traffic, next.Traffic = v1alpha1.RolloutRecordStatus{}, []Target{pin("v2", 50), pin("v1", 50)}, []Target{pin("v1", 100)}
			old.Serving = old.Traffic
		}, ""},
		"a first Revision that never got Ready": {func(old, next *Service, f *Facts) {
			f.Record, old.Serving = v1alpha1.RolloutRecordStatus{ServiceUID: "1"}, nil
			hidden(old, next, f)
		}, ""},
		"nothing served, but one was stable": {func(old, next *Service, f *Facts) {
			old.Serving = nil
			hidden(old, next, f)
		}, "100 % more"},
	})
}

// hidden changes the template while the traffic stays 100 % latest, which is the stable Revision.
func hidden(old, next *Service, _ *Facts) {
	old.Traffic, old.LatestCreated = []Target{latest(100)}, "v1"
	next.Traffic, next.Template = old.Traffic, "t4"
	if old.Serving != nil {
		old.Serving = []Target{pin("v1", 100)}
	}
}

func TestTargetReady(t *testing.T) {
	checkRule(t, TargetReady, v1alpha1.RolloutPolicySpec{RequireReady: true}, map[string]row{
		"latest, not Ready": {split(pin("v1", 90), latest(10)), ""},
		"pinned, Ready":     {split(pin("v1", 80), pin("v2", 20)), ""},
		"pinned, not Ready": {split(pin("v1", 90), pin("v3", 10)), `The Revision "v3" is not Ready.`},
		"pinned, about to be made": {func(_, next *Service, _ *Facts) {
			next.Template, next.NewRevision, next.Traffic = "t4", "v4", []Target{pin("v1", 90), pin("v4", 10)}
		}, `"v4" is not Ready`},
		"pinned, not Ready, 0 %":   {split(pin("v1", 80), pin("v2", 20), Target{Revision: "v3", Tag: "next"}), ""},
		"not Ready, lowered":       {func(old, next *Service, _ *Facts) { lowered(old, next, "v3") }, ""},
		"stable and not Ready any": {func(_, next *Service, f *Facts) { unready(f, "v1"); next.Traffic = []Target{pin("v1", 100)} }, ""},
	})
}

func lowered(old, next *Service, name string) {
	old.Traffic, next.Traffic = []Target{pin("v1", 50), pin(name, 50)}, []Target{pin("v1", 60), pin(name, 40)}
}

func unready(f *Facts, name string) {
	r := f.Revisions[name]
	r.Ready = false
	f.Revisions[name] = r
}

func TestStepInterval(t *testing.T) {
	spec := v1alpha1.RolloutPolicySpec{MinStepInterval: minutes(10)}
	forward := []Target{pin("v1", 80), pin("v2", 20)}
	ago := func(d time.Duration) func(old, next *Service, f *Facts) {
		return func(_, next *Service, f *Facts) {
			f.Record.LastStep, next.Traffic = &metav1.Time{Time: noon.Add(-d)}, forward
		}
	}
	checkRule(t, StepInterval, spec, map[string]row{
		"never":            {func(_, next *Service, f *Facts) { f.Record.LastStep, next.Traffic = nil, forward }, ""},
		"ten minutes ago":  {ago(10 * time.Minute), ""},
		"9:59 ago":         {ago(10*time.Minute - time.Second), "Try again in 1s, at 2026-11-20T12:00:01Z."},
		"not on record":    {func(_, next *Service, f *Facts) { f.Record.Split, next.Traffic = nil, forward }, "not on record yet"},
		"another's record": {func(_, next *Service, f *Facts) { f.Record.ServiceUID, next.Traffic = "2", forward }, "not on record yet"},
		"not settled":      {func(old, next *Service, _ *Facts) { old.Settled, next.Traffic = false, forward }, "not on record yet"},
		"a second ago, back": {func(_, next *Service, f *Facts) {
			ago(time.Second)(nil, next, f)
			next.Traffic = []Target{pin("v0", 100)}
		}, ""},
	})
}

func TestBake(t *testing.T) {
	since := func(d time.Duration, targets ...Target) func(old, next *Service, f *Facts) {
		return func(_, next *Service, f *Facts) {
			f.Record.Serving[1].Since, next.Traffic = metav1.NewTime(noon.Add(-d)), targets
		}
	}
	checkRule(t, Bake, v1alpha1.RolloutPolicySpec{BakeTime: minutes(30)}, map[string]row{
		"to 99, never served":       {split(pin("v1", 1), pin("v3", 99)), ""},
		"to 100, never served":      {split(pin("v3", 100)), "v3 has had no requests yet."},
		"to 100, 29 minutes":        {since(29*time.Minute, pin("v2", 100)), "Try again in 1m0s"},
		"to 100, 30 minutes":        {since(30*time.Minute, pin("v2", 100)), ""},
		"to 100 in two targets":     {since(time.Minute, pin("v2", 50), Target{Revision: "v2", Percent: 50, Tag: "x"}), "v2 has had requests for 1m0s."},
		"another's record":          {func(_, next *Service, f *Facts) { f.Record.ServiceUID, next.Traffic = "2", []Target{pin("v2", 100)} }, "no requests yet"},
		"the hidden step":           {hidden, "the new Revision has had no requests yet."},
		"to 100, the stable one":    {split(pin("v1", 100)), ""},
		"to 100, the one before it": {split(pin("v0", 100)), ""},
		"it has 100 % all the while": {func(old, next *Service, _ *Facts) {
			old.Traffic, next.Traffic = []Target{pin("v2", 100)}, []Target{pin("v2", 99), latest(1)}
		}, ""},
	})
}

func TestFreeze(t *testing.T) {
	at := func(h int) *metav1.Time { return &metav1.Time{Time: noon.Add(time.Duration(h) * time.Hour)} }
	forward, back := split(pin("v1", 89), pin("v2", 11)), split(pin("v1", 100))
	for name, tc := range map[string]struct {
		window v1alpha1.FreezeWindow
		until  string
	}{
		"from … to, inside":          {v1alpha1.FreezeWindow{Name: "x", From: at(-1), To: at(1)}, "until 2026-11-20T13:00:00Z"},
		"from … to, at its start":    {v1alpha1.FreezeWindow{Name: "x", From: at(0), To: at(1)}, "until"},
		"from … to, at its end":      {v1alpha1.FreezeWindow{Name: "x", From: at(-1), To: at(0)}, ""},
		"from … to, before":          {v1alpha1.FreezeWindow{Name: "x", From: at(1), To: at(2)}, ""},
		"a schedule, inside":         {v1alpha1.FreezeWindow{Name: "x", Schedule: "0 10 * * FRI", Duration: minutes(180)}, "until Friday 2026-11-20 13:00 UTC"},
		"a schedule, outside":        {v1alpha1.FreezeWindow{Name: "x", Schedule: "0 10 * * MON", Duration: minutes(180)}, ""},
		"the same, Shanghai's clock": {v1alpha1.FreezeWindow{Name: "x", Schedule: "0 10 * * FRI", Duration: minutes(180), TimeZone: "Asia/Shanghai"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec := v1alpha1.RolloutPolicySpec{Freeze: []v1alpha1.FreezeWindow{tc.window}}
			checkRule(t, Freeze, spec, map[string]row{"forward": {forward, tc.until}, "back": {back, ""}, "the hidden step": {hidden, tc.until}})
		})
	}
}

func TestKeepRollbackTarget(t *testing.T) {
	forward := split(pin("v1", 80), pin("v2", 20))
	checkRule(t, KeepRollbackTarget, v1alpha1.RolloutPolicySpec{KeepRollbackTarget: true}, map[string]row{
		"stable, Ready":      {forward, ""},
		"stable, not Ready":  {func(old, next *Service, f *Facts) { unready(f, "v1"); forward(old, next, f) }, `"v1" is not Ready`},
		"stable, not there":  {func(_, next *Service, f *Facts) { delete(f.Revisions, "v1"); next.Traffic = []Target{pin("v2", 100)} }, "There is no stable Revision."},
		"not Ready, back":    {func(_, next *Service, f *Facts) { unready(f, "v1"); next.Traffic = []Target{pin("v1", 100)} }, ""},
		"not Ready, to v0":   {func(_, next *Service, f *Facts) { unready(f, "v1"); next.Traffic = []Target{pin("v0", 100)} }, ""},
		"not Ready, lowered": {func(old, next *Service, f *Facts) { unready(f, "v1"); lowered(old, next, "v2") }, ""},
	})
}

func TestNoReturn(t *testing.T) {
	checkRule(t, NoReturn, v1alpha1.RolloutPolicySpec{NoReturn: true}, map[string]row{
		"a Revision never rolled back from": {split(pin("v1", 80), pin("v2", 20)), ""},
		"one that was":                      {split(pin("v1", 80), pin("bad", 20)), `"bad" was rolled back from`},
		"one that was, as the latest": {func(old, next *Service, _ *Facts) {
			old.LatestCreated, next.Traffic = "bad", []Target{pin("v1", 80), latest(20)}
		}, `"bad" was rolled back from`},
		"one that was, behind a tag": {split(pin("v1", 90), pin("v2", 10), Target{Revision: "bad", Tag: "look"}), ""},
	})
}
