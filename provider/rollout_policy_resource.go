package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var (
	_ resource.ResourceWithConfigure      = &rolloutPolicyResource{}
	_ resource.ResourceWithModifyPlan     = &rolloutPolicyResource{}
	_ resource.ResourceWithValidateConfig = &rolloutPolicyResource{}
	_ resource.ResourceWithImportState    = &rolloutPolicyResource{}
	_ resource.ResourceWithIdentity       = &rolloutPolicyResource{}
)

type rolloutPolicyResource struct{ declared }

func newRolloutPolicyResource() resource.Resource {
	return &rolloutPolicyResource{declared{
		suffix: "rollout_policy", kind: kube.RolloutPolicy, manager: policyManager, field: policyField, validate: validates[v1alpha1.RolloutPolicySpec],
	}}
}

func (r *rolloutPolicyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := r.attributes("The policy's name, which its denials give.", "The namespace of the policy and of the Services that it governs.")
	enforcement := attributes["enforcement"].(schema.StringAttribute)
	// Always ours, unlike other fields that are left out: nobody is to turn a policy off by hand and have every plan look clean.
	enforcement.Computed, enforcement.Default = true, stringdefault.StaticString(string(v1alpha1.Enforce))
	attributes["enforcement"] = enforcement
	resp.Schema = schema.Schema{
		MarkdownDescription: "How traffic may move between the Revisions of Knative Services: how far in one step, how soon after the last, when not at all, and what must stay to go back to. " +
			"The guard, which has to be installed in the cluster, holds everyone to it who changes a Service's traffic or its template: Terraform, kubectl, a pipeline. It never holds up a rollback: a change that raises only the stable Revision, or the stable one before it.\n\n" +
			"A rule whose setting is left out does not apply. Where several policies govern one Service, each is held to by itself. Attributes are the fields of the API's `RolloutPolicy` in snake_case, without the levels `metadata` and `spec`.\n\n" +
			"A plan shows what the guard would say to a `knative_traffic_split` or a `knative_service` of the same configuration, by the policies that are in the cluster then; a policy of the same plan counts from its apply on, moments after it.",
		Attributes: attributes,
		Blocks:     r.field.ResourceBlocks(),
	}
}
