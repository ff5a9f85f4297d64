package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func namespaceAttribute(doc string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: doc + " Default: the provider's `namespace`. A change makes a new object.",
	}
}

func forceConflictsAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Take over fields that another field manager (kubectl, a pipeline) set to other values, in place of an error that names it. Default `false`.",
	}
}

func waitForReadyAttribute(doc string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true), MarkdownDescription: doc}
}

func trafficStatusAttribute(doc string) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: doc,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"revision_name":   schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["revision_name"]},
			"latest_revision": schema.BoolAttribute{Computed: true, MarkdownDescription: targetDocs["latest_revision"]},
			"percent":         schema.Int64Attribute{Computed: true, MarkdownDescription: targetDocs["percent"]},
			"tag":             schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["tag"]},
			"url":             schema.StringAttribute{Computed: true, MarkdownDescription: targetDocs["url"]},
		}},
	}
}

// planNamespace is the namespace to plan with: the provider's where the configuration names none. Terraform's own plan
// modifiers do not know the provider's default, so the replacement that another namespace means is asked for here.
func planNamespace(ctx context.Context, r *run, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) types.String {
	var configured, prior types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("namespace"), &configured)...)
	if configured.IsNull() {
		configured = r.namespace
	}
	if req.State.Raw.IsNull() {
		return configured
	}
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("namespace"), &prior)...)
	if !configured.IsUnknown() && !configured.Equal(prior) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("namespace"))
	}
	return configured
}

func fullyKnown(values ...attr.Value) bool { return !slices.ContainsFunc(values, hasUnknown) }

// hasUnknown looks into the value itself: converting it first, as the framework does for its own IsFullyKnown, costs more than
// the rest of a plan.
func hasUnknown(v attr.Value) bool {
	if v.IsUnknown() {
		return true
	}
	switch v := v.(type) {
	case types.Object:
		for _, e := range v.Attributes() {
			if hasUnknown(e) {
				return true
			}
		}
	case types.Map:
		for _, e := range v.Elements() {
			if hasUnknown(e) {
				return true
			}
		}
	case types.List:
		return slices.ContainsFunc(v.Elements(), hasUnknown)
	case types.Set:
		return slices.ContainsFunc(v.Elements(), hasUnknown)
	}
	return false
}

func isUnknown(v attr.Value) bool { return v.IsUnknown() }
