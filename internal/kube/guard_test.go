package kube

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// The guard's words reach a person as they are, with its rules in the headline.
func TestGuardDenial(t *testing.T) {
	policy := apierrors.NewForbidden(services, "hello", fmt.Errorf("ValidatingAdmissionPolicy 'knative-guard' with binding 'knative-guard' denied request: knative-guard: rule traffic-sum: The percents add up to 99"))
	for name, tc := range map[string]struct {
		err     *apierrors.StatusError
		summary string
		denial  *Denial
	}{
		"two rules":           {errGuard, "Refused by the guard: max-step, freeze", &Denial{guardWords, []string{"max-step", "freeze"}}},
		"one rule twice":      {apierrors.NewBadRequest(`admission webhook "g" denied the request: knative-guard: rule bake: A. rule bake: B.`), "Refused by the guard: bake", &Denial{"rule bake: A. rule bake: B.", []string{"bake"}}},
		"no rule":             {apierrors.NewBadRequest(`admission webhook "g" denied the request: knative-guard: this RolloutPolicy cannot be decided by: spec.selector: x`), "Refused by the guard", &Denial{Text: "this RolloutPolicy cannot be decided by: spec.selector: x"}},
		"an admission policy": {policy, "Refused by the guard: traffic-sum", &Denial{"rule traffic-sum: The percents add up to 99", []string{"traffic-sum"}}},
		"another webhook":     {errDenied, "Refused at admission", nil},
		"the guard is down":   {apierrors.NewInternalError(fmt.Errorf(`failed calling webhook "guard.knative-provider.dev": knative-guard: x`)), "Request failed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := fmt.Errorf("applying: %w", tc.err)
			got := GuardDenial(err)
			if diff := cmp.Diff(tc.denial, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			p := Describe("Planning", hello, err)
			if p.Summary != tc.summary || got != nil && p.Detail != got.Text {
				t.Errorf("got %q: %q", p.Summary, p.Detail)
			}
		})
	}
	if GuardDenial(nil) != nil {
		t.Error("no error is a denial")
	}
}

// Without its CRDs, an object of the guard's names the guard, and how to install it.
func TestDescribeNoGuard(t *testing.T) {
	p := Describe("Creating", Ref{RolloutPolicy, "default", "careful"}, overHTTP(t, unserved))
	for _, want := range []string{"Creating RolloutPolicy default/careful", "knative-provider.dev/v1alpha1", "Install the guard", "kubectl apply --server-side -f webhook/chart/crds"} {
		if p.Summary != "The guard is not installed" || !strings.Contains(p.Detail, want) {
			t.Errorf("%q: %q does not say %q", p.Summary, p.Detail, want)
		}
	}
}
