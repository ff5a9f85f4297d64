package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"knative.dev/pkg/apis"
)

// One line a row of Until's table, for a wait for generation 2.
func TestUntil(t *testing.T) {
	until := Until(apis.ConditionReady, 2)
	for name, tc := range map[string]struct {
		object *unstructured.Unstructured
		want   Progress
		says   string
	}{
		"older, True":      {service(1, 2, 1, "True", ""), Pending, "waiting for Knative to take up the change"},
		"older, False":     {service(1, 2, 1, "False", "RevisionFailed"), Pending, "waiting for Knative to take up the change"},
		"older, Unknown":   {service(1, 2, 1, "Unknown", "Deploying"), Pending, "waiting for Knative to take up the change"},
		"not observed yet": {object(t, `{metadata: {generation: 2}}`), Pending, "waiting for Knative to take up the change"},
		"this, True":       {service(1, 2, 2, "True", ""), Done, "Ready"},
		"this, False":      {service(1, 2, 2, "False", "RevisionFailed"), Failing, "RevisionFailed: as told"},
		"this, Unknown":    {service(1, 2, 2, "Unknown", "Deploying"), Pending, "Deploying: as told"},
		"later, True":      {service(1, 3, 3, "True", ""), Done, "Ready"},
		"later, False":     {service(1, 3, 3, "False", "RevisionFailed"), Failing, "RevisionFailed: as told"},
		"later, Unknown":   {service(1, 3, 3, "Unknown", "Deploying"), Pending, "Deploying: as told"},
		"no condition yet": {object(t, `{status: {observedGeneration: 2}}`), Pending, "waiting for Ready"},
		"Unknown, with no message: what keeps it open": {
			object(t, `{status: {observedGeneration: 2, conditions: [{type: ConfigurationsReady, status: "True"}, {type: Ready, status: Unknown}, {type: RoutesReady, status: Unknown}]}}`),
			Pending, "waiting for RoutesReady",
		},
		"Unknown, and nothing says why": {
			object(t, `{status: {observedGeneration: 2, conditions: [{type: Ready, status: Unknown}]}}`), Pending, "waiting for Ready",
		},
		"deleted":       {nil, Pending, "deleted"},
		"not a Service": {object(t, `{metadata: {namespace: default, name: hello}, status: nothing}`), Failing, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, text := until(tc.object)
			if got != tc.want || (tc.says != "" && text != tc.says) {
				t.Errorf("got %v: %s; want %v: %s", got, text, tc.want, tc.says)
			}
		})
	}
}

// A condition may be another one than Ready.
func TestUntilOfAnotherCondition(t *testing.T) {
	const text = `{status: {observedGeneration: 1, conditions: [{type: Ready, status: "False", reason: R}, {type: RoutesReady, status: "True"}]}}`
	got := map[apis.ConditionType]Progress{}
	for _, c := range []apis.ConditionType{"Ready", "RoutesReady"} {
		got[c], _ = Until(c, 1)(object(t, text))
	}
	if diff := cmp.Diff(map[apis.ConditionType]Progress{"Ready": Failing, "RoutesReady": Done}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReady(t *testing.T) {
	for name, tc := range map[string]struct {
		service *unstructured.Unstructured
		want    bool
	}{
		"Ready":               {service(1, 2, 2, "True", ""), true},
		"Ready, and was more": {service(1, 2, 3, "True", ""), true},
		"of an older one":     {service(1, 2, 1, "True", ""), false},
		"failed":              {service(1, 2, 2, "False", "RevisionFailed"), false},
		"on its way":          {service(1, 2, 2, "Unknown", "Deploying"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Ready(tc.service); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
