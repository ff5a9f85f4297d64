package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// addProblem reports a failed request about an object.
func addProblem(diags *diag.Diagnostics, verb string, ref kube.Ref, err error) {
	p := kube.Describe(verb, ref, err)
	diags.AddError(p.Summary, p.Detail)
}

// addErrorAt reports an error at an attribute, by its path in words as well: Terraform points at the source of top-level
// attributes only.
func addErrorAt(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	steps := at.Steps()
	if len(steps) == 0 {
		diags.AddError(summary, detail)
		return
	}
	top, _ := steps[0].(path.PathStepAttributeName)
	if len(steps) > 1 {
		detail = at.String() + ": " + detail
	}
	diags.AddAttributeError(path.Root(string(top)), summary, detail)
}

// addViolations reports broken rules at the attribute that breaks them.
func addViolations(diags *diag.Diagnostics, traffic path.Path, violations []rollout.Violation) {
	for _, v := range violations {
		at := traffic
		if v.Target >= 0 {
			at = at.AtListIndex(v.Target)
		}
		if name := attributeOf[v.Field]; name != "" {
			at = at.AtName(name)
		}
		addErrorAt(diags, at, "Rule "+v.Rule, v.Observed+" "+v.Allowed+" "+v.WayOut)
	}
}

// attributeOf maps a target's API field to its attribute.
var attributeOf = map[string]string{"percent": "percent", "tag": "tag", "revisionName": "revision_name", "latestRevision": "latest_revision"}
