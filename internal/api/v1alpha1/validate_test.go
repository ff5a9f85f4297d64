package v1alpha1

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestValidate(t *testing.T) {
	hours := func(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Hour} }
	day := func(n int) *metav1.Time {
		return &metav1.Time{Time: time.Date(2026, 12, n, 0, 0, 0, 0, time.UTC)}
	}
	percent := func(n int32) *int32 { return &n }
	freeze := func(w ...FreezeWindow) RolloutPolicySpec { return RolloutPolicySpec{Freeze: w} }
	weekend := FreezeWindow{Name: "weekend", Schedule: "0 18 * * FRI", Duration: hours(62), TimeZone: "Asia/Shanghai"}
	for name, tc := range map[string]struct {
		spec RolloutPolicySpec
		says string // "" where it is valid
	}{
		"nothing":                 {RolloutPolicySpec{}, ""},
		"every setting":           {RolloutPolicySpec{Enforcement: Warn, RequireReady: true, MaxStepPercent: percent(100), MinStepInterval: hours(0), BakeTime: hours(1), Freeze: []FreezeWindow{weekend}, KeepRollbackTarget: true, NoReturn: true, ProtectFromDeletion: true}, ""},
		"a selector":              {RolloutPolicySpec{Selector: metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}}, ""},
		"an operator that is not": {RolloutPolicySpec{Selector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}}}, "spec.selector"},
		"an unknown enforcement":  {RolloutPolicySpec{Enforcement: "Block"}, "spec.enforcement"},
		"a step of 0":             {RolloutPolicySpec{MaxStepPercent: percent(0)}, "spec.maxStepPercent"},
		"a step of 101":           {RolloutPolicySpec{MaxStepPercent: percent(101)}, "spec.maxStepPercent"},
		"an interval below 0":     {RolloutPolicySpec{MinStepInterval: hours(-1)}, "spec.minStepInterval"},
		"a bake time below 0":     {RolloutPolicySpec{BakeTime: hours(-1)}, "spec.bakeTime"},

		"schedule + duration":     {freeze(weekend), ""},
		"from + to":               {freeze(FreezeWindow{Name: "x", From: day(1), To: day(2)}), ""},
		"neither":                 {freeze(FreezeWindow{Name: "x"}), "either a schedule"},
		"both":                    {freeze(FreezeWindow{Name: "x", Schedule: "0 0 * * *", From: day(1)}), "either a schedule"},
		"no name":                 {freeze(FreezeWindow{From: day(1), To: day(2)}), "spec.freeze[0].name"},
		"a name twice":            {freeze(weekend, weekend), "spec.freeze[1].name"},
		"a schedule alone":        {freeze(FreezeWindow{Name: "x", Schedule: "0 0 * * *"}), "how long"},
		"a schedule with to":      {freeze(FreezeWindow{Name: "x", Schedule: "0 0 * * *", Duration: hours(1), To: day(2)}), "spec.freeze[0].to"},
		"a schedule that is none": {freeze(FreezeWindow{Name: "x", Schedule: "tomorrow", Duration: hours(1)}), "five fields"},
		"a zone that is none":     {freeze(FreezeWindow{Name: "x", Schedule: "0 0 * * *", Duration: hours(1), TimeZone: "Beijing"}), "IANA"},
		"from with a zone":        {freeze(FreezeWindow{Name: "x", From: day(1), To: day(2), TimeZone: "UTC"}), "belong to a schedule"},
		"from with a duration":    {freeze(FreezeWindow{Name: "x", From: day(1), To: day(2), Duration: hours(1)}), "belong to a schedule"},
		"from alone":              {freeze(FreezeWindow{Name: "x", From: day(1)}), "spec.freeze[0].to"},
		"from = to":               {freeze(FreezeWindow{Name: "x", From: day(1), To: day(1)}), "later than from"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := tc.spec.Validate()
			switch {
			case tc.says == "" && len(errs) > 0:
				t.Errorf("refused: %v", errs)
			case tc.says != "" && (len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.says)):
				t.Errorf("got %v, want one error that says %q", errs, tc.says)
			}
		})
	}
}
