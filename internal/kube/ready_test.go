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

// A Service moves where its split is another than it tells, until it says that it is routed.
func TestMoving(t *testing.T) {
	routed := func(status, spec, observed string) *unstructured.Unstructured {
		return object(t, `{metadata: {generation: 2}, spec: {traffic: [`+spec+`]}, status: {observedGeneration: 2, conditions: [{type: RoutesReady, status: "`+status+`"}], traffic: [`+observed+`]}}`)
	}
	const v1, v2 = "{revisionName: v1, percent: 100}", "{revisionName: v2, percent: 100}"
	for name, tc := range map[string]struct {
		object *unstructured.Unstructured
		want   bool
	}{
		"routed":                     {routed("True", v2, v2), false},
		"on its way":                 {routed("Unknown", v2, v1), true},
		"cannot go there":            {routed("False", v2, v1), true},
		"the same split, another":    {routed("Unknown", v2, v2), false},
		"half of it":                 {routed("Unknown", "{revisionName: v1, percent: 70}, {revisionName: v2, percent: 30}", v1), true},
		"in another form":            {routed("Unknown", "{revisionName: v1, percent: 70}, {revisionName: v1, percent: 30, tag: a}, {revisionName: v2, percent: 0}", v1), false},
		"the latest, which is v1":    {routed("Unknown", "{latestRevision: true, percent: 100}", "{latestRevision: true, revisionName: v1, percent: 100}"), false},
		"the latest, from v1 pinned": {routed("Unknown", "{latestRevision: true, percent: 100}", v1), true},
		"nothing is told yet":        {object(t, `{metadata: {generation: 2}, spec: {traffic: [`+v2+`]}}`), true},
		"no split":                   {object(t, `{metadata: {generation: 2}, spec: {}}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Moving(tc.object); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
