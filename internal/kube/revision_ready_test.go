package kube

import (
	"strings"
	"testing"
)

func TestRevisionReady(t *testing.T) {
	revision := func(conditions string) string {
		return "metadata: {namespace: default, name: hello-v1}\nstatus: {conditions: [" + conditions + "]}"
	}
	for name, tc := range map[string]struct {
		text string
		want Progress
		says string
	}{
		"Ready":             {revision("{type: Ready, status: 'True'}"), Done, "Ready"},
		"Ready, at zero":    {revision("{type: Ready, status: 'True'}, {type: Active, status: 'False', reason: NoTraffic}"), Done, "Ready"},
		"not Ready":         {revision("{type: Ready, status: 'False', reason: ExitCode1, message: no database}"), Failing, "ExitCode1: no database"},
		"coming up":         {revision("{type: Ready, status: Unknown, reason: Deploying, message: soon}"), Pending, "not Ready yet: Deploying: soon"},
		"just made":         {revision(""), Pending, "not Ready yet"},
		"not as we know it": {"metadata: {name: hello-v1}\nstatus: {conditions: 1}", Failing, "not a Revision that this provider reads"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, text := RevisionReady(object(t, tc.text)); got != tc.want || !strings.Contains(text, tc.says) {
				t.Errorf("got %v: %s, want %v: %s", got, text, tc.want, tc.says)
			}
		})
	}
	if got, text := RevisionReady(nil); got != Failing || text != "it is gone" {
		t.Errorf("got %v: %s", got, text)
	}
}
