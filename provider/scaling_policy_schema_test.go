package provider

import (
	"reflect"
	"testing"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Every field of the CRD can be written, and nothing else.
func TestScalingPolicySchemaIsTheAPIs(t *testing.T) {
	api := apiFields{}
	api.object("spec", crdOf(t, "scalingpolicies"), reflect.TypeFor[v1alpha1.ScalingPolicySpec]())
	api.sameAs(t, scalingField)
	if len(api) < 46 {
		t.Errorf("the walk over the CRD found %d fields: it does not reach what it should", len(api))
	}
}

// What the CRD's schema refuses, the attribute refuses at plan.
func TestScalingPolicyFormsAreTheAPIs(t *testing.T) {
	if tried := refuses(t, "spec", crdOf(t, "scalingpolicies"), &scalingField.Fields[1]); tried < 107 {
		t.Errorf("%d values were tried", tried)
	}
}

// What stands in for the API's object is read back as it was written.
func TestScalingPolicyRoundTrip(t *testing.T) {
	spec := map[string]any{
		"target": map[string]any{"kind": "Service", "name": "shop"}, "min": int64(1), "max": int64(50),
		"metric": map[string]any{"type": "concurrency", "target": int64(1)},
		"schedules": []any{
			map[string]any{"name": "office", "start": "0 8 * * MON-FRI", "end": "0 20 * * MON-FRI", "timeZone": "Asia/Shanghai", "replicas": int64(10), "excludedDates": []any{"2026-10-01"}, "leadTime": "2m"},
			map[string]any{"name": "sale", "replicas": int64(40), "oneOffs": []any{map[string]any{"start": "2026-11-11T00:00", "end": "2026-11-12T00:00"}}},
			map[string]any{"name": "night", "start": "0 2 * * *", "duration": "90m", "replicas": int64(2)},
		},
		"event": map[string]any{"maxQueue": int64(10), "timeout": "5m", "idleTime": "10s"},
		"plugins": []any{
			map[string]any{"name": "queue", "external": map[string]any{"address": "queue.default:6000", "metadata": map[string]any{"queue": "orders"}, "push": true, "tlsSecret": "queue-client"}, "interval": "5s", "timeout": "1s"},
			map[string]any{"name": "lag", "prometheus": map[string]any{"address": "http://prometheus.monitoring:9090", "query": "sum(lag)"}, "target": "0.5", "stabilization": "1m", "keepLast": "2m"},
		},
		"suspend": true, "dryRun": true,
	}
	readBack(t, &newScalingPolicyResource().(*scalingPolicyResource).declared, spec)
}
