package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a Service looks like that Terraform applied, kubectl set the traffic of, and Knative reports on.
const managed = `
metadata:
  managedFields:
  - {manager: terraform, operation: Apply, fieldsType: FieldsV1, fieldsV1: {"f:metadata": {"f:labels": {"f:team": {}}}, "f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}}
  - {manager: kubectl, operation: Update, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:traffic": {}}}}
  - {manager: splitter, operation: Apply, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:traffic": {}}}}
  - {manager: controller, operation: Update, subresource: status, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:traffic": {}}, "f:status": {"f:conditions": {}}}}
  - {manager: holder, operation: Update, fieldsType: FieldsV1, fieldsV1: {"f:spec": {".": {}}}}
  - {manager: nothing, operation: Apply, fieldsType: FieldsV1}
`

func TestOwners(t *testing.T) {
	for name, tc := range map[string]struct {
		path []any
		want []string
	}{
		"a list that is owned whole":     {[]any{"spec", "traffic"}, []string{"kubectl", "splitter"}},
		"a part of it is owned":          {[]any{"spec", "template"}, []string{"terraform"}},
		"the very field":                 {[]any{"spec", "template", "spec", "containers"}, []string{"terraform"}},
		"a label":                        {[]any{"metadata", "labels", "team"}, []string{"terraform"}},
		"a sibling":                      {[]any{"metadata", "annotations"}, nil},
		"all of the specification":       {[]any{"spec"}, []string{"terraform", "kubectl", "splitter", "holder"}},
		"the status, by its subresource": {[]any{"status", "conditions"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Owners(object(t, managed), tc.path...)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestApplied(t *testing.T) {
	for manager, want := range map[string]bool{"terraform": true, "splitter": true, "kubectl": false, "controller": false, "somebody": false} {
		t.Run(manager, func(t *testing.T) {
			if got := Applied(object(t, managed), manager); got != want {
				t.Errorf("got %v", got)
			}
		})
	}
}
