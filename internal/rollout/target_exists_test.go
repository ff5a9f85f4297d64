package rollout

import (
	"strings"
	"testing"
)

func TestCheckTargetExists(t *testing.T) {
	owners := map[string]string{"hello-v1": "hello", "hello-v2": "hello", "other-v1": "other"}
	for name, tc := range map[string]struct {
		target Target
		says   string // "" where it is allowed
	}{
		"the latest":                 {Target{Latest: true, Percent: 100}, ""},
		"a Revision of the Service":  {Target{Revision: "hello-v2", Percent: 100}, ""},
		"a Revision of another":      {Target{Revision: "other-v1", Percent: 100}, `belongs to the Service "other"`},
		"a Revision that is not":     {Target{Revision: "hello-v9", Percent: 100}, "It has: hello-v1, hello-v2."},
		"a tag on what is not there": {Target{Revision: "gone", Tag: "old"}, "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckTargetExists([]Target{{Revision: "hello-v1"}, tc.target}, "hello", owners)
			switch {
			case tc.says == "" && len(got) > 0:
				t.Errorf("refused: %v", got)
			case tc.says != "" && (len(got) != 1 || got[0].Target != 1 || !strings.Contains(got[0].String(), tc.says)):
				t.Errorf("got %v, want one violation of target 1 that says %q", got, tc.says)
			}
		})
	}
}

func TestCheckTargetExistsWithoutRevisions(t *testing.T) {
	got := CheckTargetExists([]Target{{Revision: "hello-v1", Percent: 100}}, "hello", nil)
	if len(got) != 1 || !strings.Contains(got[0].WayOut, "none yet") {
		t.Errorf("got %v", got)
	}
}
