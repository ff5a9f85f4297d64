package provider

import (
	"reflect"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Every field of the CRD can be written, and nothing else.
func TestRolloutPolicySchemaIsTheAPIs(t *testing.T) {
	api := apiFields{}
	api.object("spec", crdOf(t, "rolloutpolicies"), reflect.TypeFor[v1alpha1.RolloutPolicySpec]())
	api.sameAs(t, policyField)
	if len(api) < 24 {
		t.Errorf("the walk over the CRD found %d fields: it does not reach what it should", len(api))
	}
}

// What the CRD's schema refuses, the attribute refuses at plan. Of texts that are too short, Validate refuses those of a name and a
// schedule.
func TestRolloutPolicyFormsAreTheAPIs(t *testing.T) {
	tried := refuses(t, "spec", crdOf(t, "rolloutpolicies"), &policyField.Fields[1], "minLength", "enum", "minimum", "maximum")
	if tried != 35 {
		t.Errorf("%d values were tried", tried)
	}
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
	readBack(t, &newRolloutPolicyResource().(*rolloutPolicyResource).declared, spec)
}
