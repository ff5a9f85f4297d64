package main

import (
	"context"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
)

// TestAccInstall is the life of an installation: Helm installs the chart with an image that ko makes, real Pods answer, the guard
// goes down and the API server's own policies hold what must hold, and Helm takes everything away again.
func TestAccInstall(t *testing.T) {
	i := newInstallation(t)
	everything := rbacv1.PolicyRule{APIGroups: []string{"serving.knative.dev", "knative-provider.dev"}, Resources: []string{"*"}, Verbs: []string{"get", "list", "create", "update", "patch", "delete"}}
	bypass := rbacv1.PolicyRule{APIGroups: []string{"knative-provider.dev"}, Resources: []string{"rolloutpolicies"}, ResourceNames: []string{"careful"}, Verbs: []string{"bypass"}}
	ann, bob := i.as("ann", everything), i.as("bob", everything, bypass)
	i.create(&v1alpha1.RolloutPolicy{ObjectMeta: i.meta("careful"), Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20)), NoReturn: true}})
	i.install()

	s := &servingv1.Service{ObjectMeta: i.meta("hello")}
	template(s, "v1", i.Image)
	if err := ann.Create(t.Context(), s); err != nil {
		t.Fatalf("the first of its name: %v", err)
	}
	i.serves("hello-v1 100")
	i.listed("hello-v1")
	i.allowed(ann, "a new Revision with 20 %", func(s *servingv1.Service) {
		template(s, "v2", i.Image)
		split(s, "hello-v1 80", "latest 20")
	})
	i.serves("hello-v1 80", "hello-v2 20")
	i.allowed(ann, "a third that gets nothing, so that the second is not the latest", func(s *servingv1.Service) {
		template(s, "v3", i.Image)
		split(s, "hello-v1 80", "hello-v2 20")
	})
	i.eventually("hello-v3 is the latest", func(context.Context) error {
		status := i.service().Status
		return must(status.LatestReadyRevisionName == "hello-v3", "%+v", status)
	})
	i.refused(ann, "target-exists", "what only the webhook knows", func(s *servingv1.Service) { split(s, "hello-v1 80", "hello-v9 20") })
	i.holds(ann, bob)

	i.stop()
	i.holds(ann, bob)
	i.agrees(ann)
	i.allowed(ann, "a step of 20 with the guard down", func(s *servingv1.Service) { split(s, "hello-v1 60", "hello-v2 40") })
	i.carriesOut("hello-v1 60", "hello-v2 40")
	i.allowed(ann, "a rollback by 40 with the guard down", func(s *servingv1.Service) { split(s, "hello-v1 100") })
	i.carriesOut("hello-v1 100")
	i.leavesAlone()

	i.uninstall()
	i.allowed(ann, "a jump, when nothing is left of the guard", func(s *servingv1.Service) { split(s, "hello-v2 100") })
}

// holds tries what must never get in, whether the guard is there or not, and what must.
func (i *installation) holds(ann, bob client.Client) {
	i.t.Helper()
	i.refused(ann, "add up to 99 (79 + 20)", "a sum of 99", func(s *servingv1.Service) { split(s, "hello-v1 79", "hello-v2 20") })
	i.refused(ann, "The percent is 120", "percents out of range", func(s *servingv1.Service) { split(s, "hello-v1 120", "hello-v2 -20") })
	i.refused(ann, "The tag", "a tag twice", func(s *servingv1.Service) { split(s, "hello-v1 80 x", "hello-v2 20 x") })
	i.refused(ann, "hello-v2 80 % more", "20 to 100", func(s *servingv1.Service) { split(s, "hello-v2 100") })
	i.refused(ann, "hello-v2 21 % more", "20 to 41 in two targets", func(s *servingv1.Service) { split(s, "hello-v1 59", "hello-v2 20", "hello-v2 21 x") })
	i.refused(ann, "hello-v3 and hello-v2 40 % more", "two that rise by 40 together", func(s *servingv1.Service) { split(s, "hello-v1 40", "latest 20", "hello-v2 40") })
	i.refused(ann, "hello-v4 100 % more", "the hidden step", func(s *servingv1.Service) {
		template(s, "v4", i.Image)
		split(s, "latest 100")
	})
	i.refused(ann, "rule max-step", "a reason without the right", func(s *servingv1.Service) {
		s.Annotations[admission.BypassAnnotation] = "incident 42"
		split(s, "hello-v2 100")
	})
	i.refusedError("rule max-step", "the Route instead of the Service", func(ctx context.Context) error {
		return change(ctx, ann, &servingv1.Route{ObjectMeta: i.meta("hello")}, func(r *servingv1.Route) { r.Spec.Traffic = targets("hello-v2 100") })
	})
	i.refusedError("live-revision", "deletion of what gets requests", func(ctx context.Context) error {
		return ann.Delete(ctx, &servingv1.Revision{ObjectMeta: i.meta("hello-v2")})
	})
	i.refusedError("the guard's own memory", "a forged record", func(ctx context.Context) error {
		return change(ctx, ann, &v1alpha1.RolloutRecord{ObjectMeta: i.meta("hello")}, func(r *v1alpha1.RolloutRecord) { r.Status.Stable = "hello-v2" })
	})
	i.refusedError("the guard's own memory", "a forged list of rollback targets", func(ctx context.Context) error {
		p := &v1alpha1.RolloutPolicy{ObjectMeta: i.meta("careful")}
		return ann.Status().Patch(ctx, p, client.RawPatch("application/merge-patch+json", []byte(`{"status": {"rollbackTargets": ["hello-v2"]}}`)))
	})
	i.refusedError("Knative's to write", "a forged status", func(ctx context.Context) error {
		s := i.service()
		s.Status.LatestCreatedRevisionName = "hello-v1"
		return ann.Status().Update(ctx, s)
	})
	i.lets(ann, "a rollback", func(s *servingv1.Service) { split(s, "hello-v1 100") })
	i.lets(ann, "a step of 20", func(s *servingv1.Service) { split(s, "hello-v1 60", "hello-v2 40") })
	i.lets(ann, "a rollback with the template of before", func(s *servingv1.Service) {
		template(s, "v1", i.Image)
		split(s, "hello-v1 100")
	})
	i.lets(ann, "a new template that gets 20", func(s *servingv1.Service) {
		template(s, "v4", i.Image)
		split(s, "hello-v1 80", "latest 20")
	})
	i.lets(bob, "a reason with the right", func(s *servingv1.Service) {
		s.Annotations[admission.BypassAnnotation] = "incident 42"
		split(s, "hello-v2 100")
	})
}

// lets holds a dry run to being let in.
func (i *installation) lets(c client.Client, what string, how func(*servingv1.Service)) {
	i.t.Helper()
	if err := change(i.t.Context(), client.NewDryRunClient(c), i.service(), how); err != nil {
		i.t.Fatalf("%s: %v", what, err)
	}
}
