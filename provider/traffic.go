package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// targetsOf is a traffic attribute as the rules see it, and false where a part of it is not known yet.
func targetsOf(traffic types.List) ([]rollout.Target, bool) {
	known := !traffic.IsUnknown()
	targets := make([]rollout.Target, 0, len(traffic.Elements()))
	for _, e := range traffic.Elements() {
		attrs := e.(types.Object).Attributes()
		for _, v := range attrs {
			known = known && !v.IsUnknown()
		}
		t := rollout.Target{}
		if v, ok := attrs["revision_name"].(types.String); ok {
			t.Revision = v.ValueString()
		}
		if v, ok := attrs["latest_revision"].(types.Bool); ok {
			t.Latest = v.ValueBool()
		}
		if v, ok := attrs["percent"].(types.Int64); ok {
			t.Percent = v.ValueInt64()
		}
		if v, ok := attrs["tag"].(types.String); ok {
			t.Tag = v.ValueString()
		}
		targets = append(targets, t)
	}
	return targets, known && !slices.ContainsFunc(traffic.Elements(), isUnknown)
}

// readTraffic is the live split, as the user wrote it where it is the same split. It is read whole, for a split is owned
// whole.
func readTraffic(u *unstructured.Unstructured, before types.List) (types.List, error) {
	live, _, _ := unstructured.NestedSlice(u.Object, "spec", "traffic")
	for _, target := range live {
		if t, ok := target.(map[string]any); ok && t["revisionName"] != nil {
			delete(t, "latestRevision") // false, which Knative writes to each pinned target
		}
	}
	v, err := trafficField.Adopt(live)
	if err != nil {
		return before, err
	}
	now := v.(types.List)
	a, _ := targetsOf(now)
	b, _ := targetsOf(before)
	if slices.Equal(a, b) {
		return before, nil
	}
	return now, nil
}
