package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

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
	if _, down := c.Get(ctx, ref); kube.Unreachable(down) {
		why += fmt.Sprintf("\n\nWhat was seen last may be old: the API server does not answer: %v.", down)
	}
	switch {
	case errors.As(err, &failed):
		diags.AddError(fmt.Sprintf("%s failed", ref), why+"\n\nThe change is applied and saved. Correct the configuration and apply again; the next apply waits again.")
	case errors.As(err, &late):
		diags.AddError(fmt.Sprintf("%s was not ready in time", ref), why+"\n\nThe change is applied and saved, and the cluster goes on with it. Apply again to wait again, or raise timeouts.")
	default:
		addProblem(diags, "Waiting for", ref, err)
	}
}

// progress logs what a wait sees, at INFO, once a change.
func progress(ctx context.Context, ref kube.Ref) func(string) {
	return func(text string) { tflog.Info(ctx, ref.String()+": "+text) }
}
