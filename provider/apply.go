package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

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
// still a plan, and what is missing may be made by the same run: then it warns.
func dryRun(ctx context.Context, r *run, ref kube.Ref, object map[string]any, o kube.ApplyOptions, diags *diag.Diagnostics) {
	if r.acting.Load() {
		return
	}
	o.DryRun = true
	ctx, warned := kube.CollectWarnings(ctx)
	defer addWarnings(diags, ref, warned)
	_, err := applyOver(ctx, r.client, ref, object, o)
	switch {
	case err == nil:
	case kube.NoKind(err), kube.NoNamespace(err), kube.NoServiceAccount(err), kube.Unreachable(err), apierrors.IsUnauthorized(err), kube.NotAllowed(err):
		p := kube.Describe("A dry run of applying", ref, err)
		r.warnOnce(diags, "Planned without the cluster's verdict: "+p.Summary, p.Detail+"\nThe plan holds as far as it can be checked without; the apply needs it.")
	default:
		addProblem(diags, "Planning", ref, err)
	}
}
