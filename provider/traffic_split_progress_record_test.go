package provider

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

var (
	all1   = []rollout.Target{{Revision: "hello-v1", Percent: 100, Tag: "stable"}}
	tenths = []rollout.Target{{Revision: "hello-v1", Percent: 90, Tag: "stable"}, {Revision: "hello-v2", Percent: 10}}
)

// splitting is a Service with a split, as the API has it.
func splitting(annotations map[string]any, traffic ...any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": "default", "name": "hello", "uid": "u-1", "annotations": annotations},
		"spec":     map[string]any{"traffic": traffic},
		"status":   map[string]any{"latestReadyRevisionName": "hello-v2"},
	}}
}

func at(revision string, percent int64, tag string) map[string]any {
	t := map[string]any{"percent": percent, "latestRevision": revision == ""}
	if revision != "" {
		t["revisionName"] = revision
	}
	if tag != "" {
		t["tag"] = tag
	}
	return t
}

// What a step notes is read back as long as the split is the one that was written with it.
func TestBeginning(t *testing.T) {
	object := progressObject(splitObject(splitting(nil), apiTargets(tenths)), all1, tenths)
	note := object["metadata"].(map[string]any)["annotations"].(map[string]any)
	stepped := []any{at("hello-v1", 90, "stable"), at("hello-v2", 10, "")}
	for name, tc := range map[string]struct {
		service *unstructured.Unstructured
		want    []rollout.Target
	}{
		"at the step":            {splitting(note, stepped...), all1},
		"moved by somebody":      {splitting(note, at("hello-v1", 100, "stable")), nil},
		"a tag moved":            {splitting(note, at("hello-v1", 90, ""), at("hello-v2", 10, "stable")), nil},
		"no note":                {splitting(nil, stepped...), nil},
		"a note that says less":  {splitting(map[string]any{beforeAnnotation: "{}"}, stepped...), nil},
		"a note that is no JSON": {splitting(map[string]any{beforeAnnotation: "x"}, stepped...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := kube.AsService(tc.service)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, beginning(s)); diff != "" || underWay(tc.service, false) != (tc.want != nil) {
				t.Error(diff)
			}
		})
	}
}

// A split that is to be awaited is under way where Knative tells another one, until it says that it is routed.
func TestUnderWay(t *testing.T) {
	service := func(routed string, observed []any, traffic ...any) *unstructured.Unstructured {
		u := splitting(nil, traffic...)
		u.Object["status"] = map[string]any{"traffic": observed, "conditions": []any{map[string]any{"type": "RoutesReady", "status": routed}}}
		return u
	}
	v1, v2 := at("hello-v1", 100, ""), at("hello-v2", 100, "")
	latest := map[string]any{"percent": int64(100), "latestRevision": true, "revisionName": "hello-v1"}
	for name, tc := range map[string]struct {
		service *unstructured.Unstructured
		want    bool
	}{
		"routed":                     {service("True", []any{v2}, v2), false},
		"on its way":                 {service("Unknown", []any{v1}, v2), true},
		"cannot go there":            {service("False", []any{v1}, v2), true},
		"the same split":             {service("Unknown", []any{v2}, v2), false},
		"half of it":                 {service("Unknown", []any{v1}, at("hello-v1", 70, ""), at("hello-v2", 30, "")), true},
		"in another form":            {service("Unknown", []any{v1}, at("hello-v1", 70, ""), at("hello-v1", 30, "a"), at("hello-v2", 0, "")), false},
		"the latest, as it was":      {service("Unknown", []any{latest}, at("", 100, "")), false},
		"the latest, from v1 pinned": {service("Unknown", []any{v1}, at("", 100, "")), true},
		"nothing is told yet":        {service("Unknown", nil, v2), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := underWay(tc.service, true); got != tc.want {
				t.Errorf("got %v", got)
			}
			if underWay(tc.service, false) {
				t.Error("under way, though nobody waits")
			}
		})
	}
}

// A move is pinned to the latest Revision of now, and knows the age of each Revision that there is.
func TestMoveFrom(t *testing.T) {
	latest := types.ListValueMust(trafficField.Elem.Type(), nil)
	m := trafficSplitModel{Traffic: latest}
	asked := []string{}
	read := func(_ context.Context, ref kube.Ref) (*unstructured.Unstructured, error) {
		asked = append(asked, ref.Name)
		if ref.Name == "gone" {
			return nil, nil
		}
		return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{
			"name": ref.Name, "labels": map[string]any{"serving.knative.dev/configurationGeneration": "7"},
		}}}, nil
	}
	got, err := m.moveFrom(t.Context(), splitting(nil, at("", 60, "new"), at("gone", 40, ""), at("hello-v2", 0, "x")), read)
	if err != nil {
		t.Fatal(err)
	}
	want := canary.Move{
		Live: []rollout.Target{{Revision: "hello-v2", Percent: 60, Tag: "new"}, {Revision: "gone", Percent: 40}, {Revision: "hello-v2", Tag: "x"}},
		End:  []rollout.Target{},
		Ages: map[string]int64{"hello-v2": 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(asked, []string{"hello-v2", "gone"}) {
		t.Errorf("asked for %v: each once", asked)
	}
	if got, err := m.moveFrom(t.Context(), splitting(nil), read); err != nil || got.Live[0] != (rollout.Target{Revision: "hello-v2", Percent: 100}) {
		t.Errorf("no traffic at all is Knative's default: got %v, %v", got.Live, err)
	}
	refused := errors.New("refused")
	if _, err := m.moveFrom(t.Context(), splitting(nil), func(context.Context, kube.Ref) (*unstructured.Unstructured, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}
