package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

var (
	_ resource.ResourceWithConfigure      = &scalingPolicyResource{}
	_ resource.ResourceWithModifyPlan     = &scalingPolicyResource{}
	_ resource.ResourceWithValidateConfig = &scalingPolicyResource{}
	_ resource.ResourceWithImportState    = &scalingPolicyResource{}
	_ resource.ResourceWithIdentity       = &scalingPolicyResource{}
)

type scalingPolicyResource struct{ declared }

func newScalingPolicyResource() resource.Resource {
	return &scalingPolicyResource{declared{
		suffix: "scaling_policy", kind: kube.ScalingPolicy, manager: scalingManager, field: scalingField, fixed: []string{"target"}, validate: validates[v1alpha1.ScalingPolicySpec],
	}}
}

func (r *scalingPolicyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How many Pods a Knative Service or a plain Deployment has: bounds, the metric that it is scaled by, and floors beside it from schedules, events in flight and plugins. " +
			"The result is the larger of what the metric asks for and of all floors, and never more than `max`. Knative's own autoscaler, or an HPA, does the metric side. The guard, which has to be installed in the cluster, does the rest; without it, scaling by the metric goes on.\n\n" +
			"Which strategy fits when, and how floors meet, is in the guide [Scaling](../guides/scaling.md). Attributes are the fields of the API's `ScalingPolicy` in snake_case, without the levels `metadata` and `spec`. " +
			"A field that is left out is not this resource's: what others set there is left alone.\n\n" +
			"An apply ends when the policy is stored, and does not wait for Pods. `kubectl get scalingpolicies` shows the floor that holds now and where it comes from.",
		Attributes: r.attributes("The policy's name.", "The namespace of the policy and of its target."),
		Blocks:     r.field.ResourceBlocks(),
	}
}
