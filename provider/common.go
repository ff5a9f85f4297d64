package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
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
			"revision_name":   schema.StringAttribute{Computed: true, MarkdownDescription: "The Revision that gets the share."},
			"latest_revision": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the share follows the latest Ready Revision."},
			"percent":         schema.Int64Attribute{Computed: true, MarkdownDescription: "The share of requests, 0–100."},
			"tag":             schema.StringAttribute{Computed: true, MarkdownDescription: "The tag, if it has one."},
			"url":             schema.StringAttribute{Computed: true, MarkdownDescription: "The tag's own URL."},
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

// applyOver applies, and takes over from a manager of ours that has let go.
func applyOver(ctx context.Context, c *kube.Client, ref kube.Ref, object map[string]any, o kube.ApplyOptions) (*unstructured.Unstructured, error) {
	u, err := c.Apply(ctx, ref, object, o)
	conflicts := kube.Conflicts(err)
	released := func(c kube.Conflict) bool { return c.Owner == releasedManager }
	if len(conflicts) > 0 && !slices.ContainsFunc(conflicts, func(c kube.Conflict) bool { return !released(c) }) {
		o.Force = true
		return c.Apply(ctx, ref, object, o)
	}
	return u, err
}

// dryRun asks the API server what it, Knative and every admission webhook would say to the apply. A plan that cannot ask is
// still a plan: then it warns.
func dryRun(ctx context.Context, r *run, ref kube.Ref, object map[string]any, o kube.ApplyOptions, diags *diag.Diagnostics) {
	o.DryRun = true
	_, err := applyOver(ctx, r.client, ref, object, o)
	switch {
	case err == nil:
	case kube.NoKind(err), kube.NoNamespace(err), kube.Unreachable(err), apierrors.IsUnauthorized(err), mayNot(err):
		p := kube.Describe("A dry run of applying", ref, err)
		r.warnOnce(diags, "Planned without the cluster's verdict: "+p.Summary, p.Detail+"\nThe plan holds as far as it can be checked without; the apply needs it.")
	default:
		addProblem(diags, "Planning", ref, err)
	}
}

// mayNot says whether RBAC forbade the request, and not a webhook.
func mayNot(err error) bool { return apierrors.IsForbidden(err) && !kube.Denied(err) }

// explainTime is how long looking for the cause of a failure may take.
const explainTime = 15 * time.Second

// addWaitProblem tells why a wait ended, from the object down to its Pods.
func addWaitProblem(ctx context.Context, c *kube.Client, ref kube.Ref, seen *unstructured.Unstructured, err error, diags *diag.Diagnostics) {
	// The wait's time may be up; the explanation still needs a few requests.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainTime)
	defer cancel()
	var failed *kube.FailedError
	var late *kube.TimeoutError
	why := err.Error()
	if seen != nil {
		if found := c.Explain(ctx, seen); found != "" {
			why += "\n\n" + found
		}
	}
	switch {
	case errors.As(err, &failed):
		diags.AddError(fmt.Sprintf("%s failed", ref), why+"\n\nThe change is applied and saved. Correct the configuration and apply again; the next apply waits again.")
	case errors.As(err, &late):
		diags.AddError(fmt.Sprintf("%s was not ready in time", ref), why+"\n\nThe change is applied and saved, and the cluster goes on with it. Apply again to wait again, or raise timeouts.")
	case errors.Is(err, kube.ErrDeleted):
		diags.AddError(fmt.Sprintf("%s was deleted", ref), "Somebody deleted it while it was waited for. Apply again to make it anew.")
	case errors.Is(err, kube.ErrInterrupted):
		diags.AddError(fmt.Sprintf("The wait for %s was interrupted", ref), why+"\n\nThe change is applied and saved, and the cluster goes on with it. Apply again to wait again.")
	default:
		addProblem(diags, "Waiting for", ref, err)
	}
}

// progress logs what a wait sees, at INFO, once a change.
func progress(ctx context.Context, ref kube.Ref) func(string) {
	return func(text string) { tflog.Info(ctx, ref.String()+": "+text) }
}

func addTwoOwners(diags *diag.Diagnostics, ref kube.Ref) {
	diags.AddAttributeError(path.Root("traffic"), "Two owners of one split",
		fmt.Sprintf("The traffic of %s is set by a knative_service and by a knative_traffic_split. Keep one: remove traffic from the knative_service, or remove the knative_traffic_split.", ref))
}

func fullyKnown(ctx context.Context, values ...attr.Value) bool {
	for _, v := range values {
		tf, err := v.ToTerraformValue(ctx)
		if err != nil || !tf.IsFullyKnown() {
			return false
		}
	}
	return true
}

func isUnknown(v attr.Value) bool { return v.IsUnknown() }
