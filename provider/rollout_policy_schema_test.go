package provider

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

func policyCRD(t *testing.T) *crdNode {
	t.Helper()
	return specOf(t, "../webhook/chart/crds/knative-provider.dev_rolloutpolicies.yaml", "v1alpha1")
}

// Every field of the CRD can be written, and nothing else.
func TestRolloutPolicySchemaIsTheAPIs(t *testing.T) {
	api := apiFields{}
	api.object("spec", policyCRD(t), reflect.TypeFor[v1alpha1.RolloutPolicySpec]())
	api.sameAs(t, policyField)
	if len(api) < 24 {
		t.Errorf("the walk over the CRD found %d fields: it does not reach what it should", len(api))
	}
}

// What the CRD's schema refuses in a text, the attribute refuses at plan. The forms are the CRD's, to the letter.
func TestRolloutPolicyFormsAreTheAPIs(t *testing.T) {
	spec := policyCRD(t)
	freeze := spec.Properties["freeze"]
	if freeze.MaxItems != maxFreezes {
		t.Errorf("a policy has at most %d freezes in the API", freeze.MaxItems)
	}
	ours := ourFields{}
	ours.object("spec", &policyField.Fields[1])
	checked := 0
	for _, level := range []struct {
		at   string
		node *crdNode
	}{{"spec", spec}, {"spec.freeze[]", freeze.Items}} {
		for key, n := range level.node.Properties {
			f := ours[level.at+"."+key]
			if f == nil || n.Type != "string" || n.Pattern == "" && n.MaxLength == 0 {
				continue
			}
			checked++
			if n.Pattern != "" && n.Pattern != spanForm.String() && n.Pattern != momentForm.String() {
				t.Errorf("%s has a form of its own: %s", key, n.Pattern)
			}
			for _, bad := range malformed(n) {
				if !f.Check(t.Context(), path.Root(f.Name), types.StringValue(bad)).HasError() {
					t.Errorf("%s: %q is let through", f.Name, bad)
				}
			}
		}
	}
	if checked != 8 {
		t.Errorf("%d forms were compared", checked)
	}
}

// malformed are texts that the CRD's schema refuses. Of empty ones, Validate refuses those of a name and a schedule.
func malformed(n *crdNode) []string {
	switch {
	case n.Pattern == spanForm.String():
		return []string{"", "1.5h", "90ms", "-1h", "1s1h", "1", "an hour"}
	case n.Pattern != "":
		return []string{"2026-12-24", "2026-12-24T18:00:00", "2026-12-24T18:00:00.5Z", "2026-12-24 18:00:00Z", ""}
	}
	return []string{strings.Repeat("x", n.MaxLength+1)}
}

// What stands in for the API's object is read back as it was written.
func TestRolloutPolicyRoundTrip(t *testing.T) {
	spec := map[string]any{
		"selector":    map[string]any{"matchLabels": map[string]any{"a": "b"}, "matchExpressions": []any{map[string]any{"key": "c", "operator": "In", "values": []any{"d"}}}},
		"enforcement": "Warn", "requireReady": true, "maxStepPercent": int64(20), "minStepInterval": "10m", "bakeTime": "1h",
		"freeze": []any{
			map[string]any{"name": "weekend", "schedule": "0 18 * * FRI", "duration": "62h", "timeZone": "Asia/Shanghai"},
			map[string]any{"name": "sale", "from": "2026-11-10T00:00:00+08:00", "to": "2026-11-12T00:00:00+08:00"},
		},
		"keepRollbackTarget": true, "noReturn": true, "protectFromDeletion": true,
	}
	v, err := policyField.Adopt(map[string]any{"spec": spec, "metadata": map[string]any{"labels": map[string]any{"team": "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := rolloutPolicyModel{Namespace: types.StringValue("default"), Name: types.StringValue("careful")}
	m.setConfigured(v)
	want := map[string]any{"spec": spec, "metadata": map[string]any{"namespace": "default", "name": "careful", "labels": map[string]any{"team": "a"}}}
	if got := m.object(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	parsed, err := m.spec()
	if err != nil || len(parsed.Validate()) > 0 || *parsed.MaxStepPercent != 20 || len(parsed.Freeze) != 2 {
		t.Errorf("got %+v, %v, %v", parsed, err, parsed.Validate())
	}
}
