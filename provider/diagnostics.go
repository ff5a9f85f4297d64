package provider

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// addProblem reports a failed request about an object: a refusal of the guard's at the traffic, which its rules are about, save
// for that of a deletion.
func addProblem(diags *diag.Diagnostics, verb string, ref kube.Ref, err error) {
	p := kube.Describe(verb, ref, err)
	if d := kube.GuardDenial(err); d != nil && ref.Kind == kube.Service && !slices.Contains(d.Rules, rollout.Deletion) {
		diags.AddAttributeError(path.Root("traffic"), p.Summary, p.Detail)
		return
	}
	diags.AddError(p.Summary, p.Detail)
}

// addWarnings hands on what the guard let in and warns of, by a policy that does not enforce its rules.
func addWarnings(diags *diag.Diagnostics, ref kube.Ref, warned *kube.Warnings) {
	for _, text := range warned.Texts() {
		summary, detail := "The guard warns", fmt.Sprintf("%s: %s", ref, text)
		if ref.Kind == kube.Service {
			diags.AddAttributeWarning(path.Root("traffic"), summary, detail)
		} else {
			diags.AddWarning(summary, detail)
		}
	}
}

// addErrorAt reports an error at an attribute, and says its path where it is inside a block: with several blocks of a name
// the line alone does not tell which.
func addErrorAt(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	switch len(at.Steps()) {
	case 0:
		diags.AddError(summary, detail)
	case 1:
		diags.AddAttributeError(at, summary, detail)
	default:
		diags.AddAttributeError(at, summary, at.String()+": "+detail)
	}
}

// addViolations reports broken rules at the attribute that breaks them.
func addViolations(diags *diag.Diagnostics, traffic path.Path, violations []rollout.Violation) {
	for _, v := range violations {
		addErrorAt(diags, violated(traffic, v), "Rule "+v.Rule, v.Observed+" "+v.Allowed+" "+v.WayOut)
	}
}

// warnViolations tells of broken rules that an apply will fail by.
func warnViolations(diags *diag.Diagnostics, traffic path.Path, violations []rollout.Violation) {
	for _, v := range violations {
		diags.AddAttributeWarning(violated(traffic, v), "Rule "+v.Rule+": the apply will fail", v.Observed+" "+v.Allowed+" "+v.WayOut)
	}
}

// violated is the path of what breaks a rule.
func violated(traffic path.Path, v rollout.Violation) path.Path {
	at := traffic
	if v.Target >= 0 {
		at = at.AtListIndex(v.Target)
	}
	if name := attributeOf[v.Field]; name != "" {
		at = at.AtName(name)
	}
	return at
}

// attributeOf maps a target's API field to its attribute.
var attributeOf = map[string]string{"percent": "percent", "tag": "tag", "revisionName": "revision_name", "latestRevision": "latest_revision"}

// addTwoOwners reports that a Service and a traffic split both set the traffic.
func addTwoOwners(diags *diag.Diagnostics, ref kube.Ref) {
	diags.AddAttributeError(path.Root("traffic"), "Two owners of one split",
		fmt.Sprintf("The traffic of %s is set by a knative_service and by a knative_traffic_split. Keep one: remove traffic from the knative_service, or remove the knative_traffic_split.", ref))
}
