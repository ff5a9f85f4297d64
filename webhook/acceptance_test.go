package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/serving/pkg/apis/autoscaling"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/admission"
)

// TestAccGuard is the life of one Service under a policy, each step asked of the real API server by people with rights of their
// own, with Knative and its garbage collection doing their part.
func TestAccGuard(t *testing.T) {
	g := newGuard(t)
	everything := rbacv1.PolicyRule{APIGroups: []string{"serving.knative.dev", "knative-provider.dev"}, Resources: []string{"*"}, Verbs: []string{"get", "list", "create", "update", "patch", "delete"}}
	ann := g.as("ann", everything)
	bob := g.as("bob", everything, rbacv1.PolicyRule{APIGroups: []string{"knative-provider.dev"}, Resources: []string{"rolloutpolicies"}, ResourceNames: []string{"careful"}, Verbs: []string{"bypass"}})
	policy := &v1alpha1.RolloutPolicy{ObjectMeta: g.meta("careful"), Spec: v1alpha1.RolloutPolicySpec{
		MaxStepPercent: new(int32(20)), RequireReady: true, KeepRollbackTarget: true, NoReturn: true,
	}}
	g.create(policy)
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(s, "v1", g.Image)
	s.Spec.Template.Annotations = map[string]string{autoscaling.MinScaleAnnotationKey: "1"} // its Pod stays
	if err := ann.Create(t.Context(), s); err != nil {
		t.Fatalf("the first of its name: %v", err)
	}

	g.serves("hello-v1 100")
	g.record("stable hello-v1", func(r v1alpha1.RolloutRecordStatus) bool { return r.Stable == "hello-v1" })
	g.eventually("hello-v1 is kept from garbage collection", func(ctx context.Context) error {
		var r servingv1.Revision
		if err := g.admin.Get(ctx, client.ObjectKey{Namespace: g.namespace, Name: "hello-v1"}, &r); err != nil {
			return err
		}
		return must(r.Annotations["serving.knative.dev/no-gc"] == "true", "annotations %v", r.Annotations)
	})
	pods := g.pods("hello-v1")
	g.eventually("the policy counts it", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(policy), policy)
		return must(err == nil && policy.Status.Services == 1, "%+v", policy.Status)
	})

	g.refused(ann, "max-step", "the hidden step", func(s *servingv1.Service) { template(s, "v2", g.Image) })
	g.refusedError("max-step", "the Configuration instead of the Service", func(ctx context.Context) error {
		return change(ctx, ann, &servingv1.Configuration{ObjectMeta: g.meta("hello")}, func(c *servingv1.Configuration) {
			c.Spec.Template.Name = "hello-v8"
			c.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "TARGET", Value: "v8"}}
		})
	})
	g.allowed(ann, "a new Revision with 20 %", func(s *servingv1.Service) {
		template(s, "v2", g.Image)
		split(s, "hello-v1 80", "latest 20")
	})
	g.serves("hello-v1 80", "hello-v2 20")
	g.refused(ann, "max-step", "20 to 100", func(s *servingv1.Service) { split(s, "hello-v2 100") })
	g.refused(ann, "max-step", "20 to 41 in two targets", func(s *servingv1.Service) { split(s, "hello-v1 59", "hello-v2 20", "hello-v2 21 x") })
	g.refused(ann, "target-exists", "a Revision that is not there", func(s *servingv1.Service) { split(s, "hello-v1 80", "hello-v9 20") })
	g.refusedError("max-step", "the Route instead of the Service", func(ctx context.Context) error {
		return change(ctx, ann, &servingv1.Route{ObjectMeta: g.meta("hello")}, func(r *servingv1.Route) { r.Spec.Traffic = targets("hello-v2 100") })
	})
	g.refusedError("the status of a Service", "a forged status", func(ctx context.Context) error {
		u := g.service()
		u.Status.LatestCreatedRevisionName = "hello-v1"
		return ann.Status().Update(ctx, u)
	})
	g.refusedError("the guard's own memory", "a forged record", func(ctx context.Context) error {
		return change(ctx, ann, &v1alpha1.RolloutRecord{ObjectMeta: g.meta("hello")}, func(r *v1alpha1.RolloutRecord) { r.Status.Stable = "hello-v2" })
	})

	g.bypass(ann, bob, policy)
	g.freeze(ann, policy)
	if now := g.pods("hello-v1"); now != pods {
		t.Errorf("protection has rolled out the Pods of hello-v1 anew: %s, then %s", pods, now)
	}
	g.liveRevisions(ann)
	g.deletion(ann, policy)
	g.namespaceGoes()
}

// bypass tries to jump: with the reason alone, and with the right as well.
func (g *guard) bypass(ann, bob client.Client, policy *v1alpha1.RolloutPolicy) {
	g.t.Helper()
	jump := func(s *servingv1.Service) {
		s.Annotations[admission.BypassAnnotation] = "incident 42"
		split(s, "hello-v1 40", "hello-v2 60")
	}
	g.refused(ann, "max-step", "a reason without the right", jump)
	g.allowed(bob, "a reason with the right", jump)
	g.serves("hello-v1 40", "hello-v2 60")
	g.eventually("the policy's status has both", func(ctx context.Context) error {
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(policy), policy); err != nil {
			return err
		}
		var seen []string
		for _, d := range policy.Status.LastDecisions {
			seen = append(seen, d.Verdict+" "+d.User+" "+strings.Join(d.Rules, ","))
		}
		all := strings.Join(seen, "; ")
		return must(strings.HasPrefix(all, "Bypassed bob max-step; Denied ann max-step") && policy.Status.LastDecisions[0].Message == "incident 42", "%s", all)
	})
	g.eventually("an Event tells it", func(ctx context.Context) error {
		var list eventsv1.EventList
		if err := g.admin.List(ctx, &list, client.InNamespace(g.namespace)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Reason == "Bypassed" && strings.Contains(e.Note, "incident 42") {
				return nil
			}
		}
		return fmt.Errorf("none of %d events", len(list.Items))
	})
	g.allowed(ann, "the annotation goes", func(s *servingv1.Service) { delete(s.Annotations, admission.BypassAnnotation) })
}

// freeze goes forward, and back, inside a freeze; then forward again after it.
func (g *guard) freeze(ann client.Client, policy *v1alpha1.RolloutPolicy) {
	g.t.Helper()
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) {
		from, to := metav1.NewTime(time.Now().Add(-time.Hour)), metav1.NewTime(time.Now().Add(time.Hour))
		s.Freeze = []v1alpha1.FreezeWindow{{Name: "peak", From: &from, To: &to}}
	})
	g.refused(ann, `The freeze "peak" is on`, "forward inside a freeze", func(s *servingv1.Service) { split(s, "hello-v1 30", "hello-v2 70") })
	g.allowed(ann, "a rollback inside a freeze", func(s *servingv1.Service) { split(s, "hello-v1 100") })
	g.serves("hello-v1 100")
	g.record("v2 rolled back from", func(r v1alpha1.RolloutRecordStatus) bool {
		return len(r.RolledBack) == 1 && r.RolledBack[0] == "hello-v2" && r.History[0].Kind == "Rollback" && r.History[0].By == "ann"
	})
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.Freeze = nil })
	g.refused(ann, "no-return", "to v2 again", func(s *servingv1.Service) { split(s, "hello-v1 90", "hello-v2 10") })
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.Enforcement = v1alpha1.Warn })
	g.allowed(ann, "to v2 again, where the policy only warns", func(s *servingv1.Service) { split(s, "hello-v1 90", "hello-v2 10") })
	g.allowed(ann, "and back", func(s *servingv1.Service) { split(s, "hello-v1 100") })
	g.serves("hello-v1 100")
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.Enforcement = v1alpha1.Enforce })
}

// liveRevisions deletes Revisions by hand.
func (g *guard) liveRevisions(ann client.Client) {
	g.t.Helper()
	g.refusedError("live-revision", "deletion of what gets requests", func(ctx context.Context) error {
		return ann.Delete(ctx, &servingv1.Revision{ObjectMeta: g.meta("hello-v1")})
	})
	g.eventually("what nothing leads to can be deleted", func(ctx context.Context) error {
		return ann.Delete(ctx, &servingv1.Revision{ObjectMeta: g.meta("hello-v2")})
	})
}

// deletion deletes a protected Service, then one that is not, whose Revisions garbage collection takes; and makes it anew.
func (g *guard) deletion(ann client.Client, policy *v1alpha1.RolloutPolicy) {
	g.t.Helper()
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.ProtectFromDeletion = true })
	remove := func(ctx context.Context) error {
		return ann.Delete(ctx, &servingv1.Service{ObjectMeta: g.meta("hello")})
	}
	g.refusedError("rule deletion", "deletion of a protected Service", remove)
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.ProtectFromDeletion = false })
	if err := remove(g.t.Context()); err != nil {
		g.t.Fatalf("deletion of a Service: %v", err)
	}
	g.eventually("garbage collection takes its Revisions", func(ctx context.Context) error {
		var list servingv1.RevisionList
		err := g.admin.List(ctx, &list, client.InNamespace(g.namespace))
		return must(err == nil && len(list.Items) == 0, "%d Revisions, %v", len(list.Items), err)
	})
	again := &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(again, "v5", g.Image)
	g.refusedError("deleted less than a day ago", "made anew with other code", func(ctx context.Context) error { return ann.Create(ctx, again) })
	again = &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(again, "v1", g.Image)
	if err := ann.Create(g.t.Context(), again); err != nil {
		g.t.Fatalf("made anew with the stable code: %v", err)
	}
	g.serves("hello-v1 100")
	g.policy(policy, func(s *v1alpha1.RolloutPolicySpec) { s.ProtectFromDeletion = true })
}

// namespaceGoes deletes the namespace, with a protected Service in it and the guard at work.
func (g *guard) namespaceGoes() {
	g.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: g.namespace}}
	if err := g.admin.Delete(g.t.Context(), ns); err != nil {
		g.t.Fatal(err)
	}
	g.eventually("the namespace goes", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(ns), ns)
		return must(apierrors.IsNotFound(err), "%v %+v", err, ns.Status)
	})
}

// pods are the UIDs of a Revision's Pods, with those of its ReplicaSets: a Pod template that changes makes another.
func (g *guard) pods(revision string) string {
	g.t.Helper()
	of := []client.ListOption{client.InNamespace(g.namespace), client.MatchingLabels{serving.RevisionLabelKey: revision}}
	var out []string
	for _, list := range []client.ObjectList{&corev1.PodList{}, &appsv1.ReplicaSetList{}} {
		if err := g.admin.List(g.t.Context(), list, of...); err != nil {
			g.t.Fatal(err)
		}
		_ = meta.EachListItem(list, func(o runtime.Object) error {
			out = append(out, string(o.(client.Object).GetUID()))
			return nil
		})
	}
	if len(out) == 0 {
		g.t.Fatalf("%s has no Pods", revision)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
