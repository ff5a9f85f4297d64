package admission

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
	"github.com/knative-provider/terraform-provider-knative/webhook/scaling"
)

type indexed struct{ *fake.ClientBuilder }

func (i indexed) IndexField(_ context.Context, o client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(o, field, extract)
	return nil
}

// TestScaling goes through the table of review.
func TestScaling(t *testing.T) {
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "ns", Name: name} }
	policy := func(name, target string, change func(*v1alpha1.ScalingPolicySpec)) *v1alpha1.ScalingPolicy {
		p := &v1alpha1.ScalingPolicy{ObjectMeta: named(name), Spec: v1alpha1.ScalingPolicySpec{Target: v1alpha1.ScalingTarget{Kind: v1alpha1.TargetDeployment, Name: target}}}
		change(&p.Spec)
		return p
	}
	none := func(*v1alpha1.ScalingPolicySpec) {}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("web"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "has-hpa"}}}
	own := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("mine"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "mine"}}}
	own.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(policy("mine", "mine", none), v1alpha1.GroupVersion.WithKind("ScalingPolicy"))}
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjects(policy("first", "taken", none), hpa, own)
	if err := facts.Index(t.Context(), indexed{builder}); err != nil {
		t.Fatal(err)
	}
	cache := builder.Build()
	h := &Handler{Scaling: &Scaling{Cache: cache, Owners: &scaling.Owners{Cache: cache}}}
	for name, tc := range map[string]struct {
		operation admissionv1.Operation
		policy    *v1alpha1.ScalingPolicy
		refused   string // "" where it is let in
		warned    string
	}{
		"free":                     {admissionv1.Create, policy("p", "free", none), "", ""},
		"taken by another":         {admissionv1.Create, policy("p", "taken", none), "Deployment/taken is scaled by the ScalingPolicy first already", ""},
		"taken by itself":          {admissionv1.Create, policy("first", "taken", none), "", ""},
		"taken, but a change":      {admissionv1.Update, policy("p", "taken", none), "", ""},
		"taken by an HPA":          {admissionv1.Create, policy("p", "has-hpa", none), "Deployment/has-hpa is scaled by the HPA web already", ""},
		"an HPA of a policy":       {admissionv1.Create, policy("mine", "mine", none), "", ""},
		"suspended":                {admissionv1.Create, policy("p", "taken", func(s *v1alpha1.ScalingPolicySpec) { s.Suspend = true }), "ScalingPolicy first", ""},
		"cannot be read":           {admissionv1.Create, policy("p", "free", func(s *v1alpha1.ScalingPolicySpec) { s.Min = new(int32(-1)) }), "spec.min", ""},
		"cannot be read, a change": {admissionv1.Update, policy("p", "free", func(s *v1alpha1.ScalingPolicySpec) { s.Min = new(int32(-1)) }), "spec.min", ""},
		"cannot be read, and goes": {admissionv1.Delete, policy("p", "free", func(s *v1alpha1.ScalingPolicySpec) { s.Min = new(int32(-1)) }), "", ""},
		"a floor above max": {admissionv1.Create, policy("p", "free", func(s *v1alpha1.ScalingPolicySpec) {
			s.Max, s.Schedules = new(int32(2)), []v1alpha1.ScalingSchedule{{Name: "day", Start: "0 8 * * *", End: "0 9 * * *", Replicas: 3}}
		}), "", "spec.schedules[0].replicas: day asks for 3 Pods, and gets 2"},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(tc.policy)
			if err != nil {
				t.Fatal(err)
			}
			req := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
				Operation: tc.operation, Namespace: "ns", Name: tc.policy.Name, Resource: metav1.GroupVersionResource{Group: "knative-provider.dev", Version: "v1alpha1", Resource: "scalingpolicies"},
				Object: runtime.RawExtension{Raw: raw},
			}}
			resp := h.Handle(t.Context(), req)
			if resp.Allowed != (tc.refused == "") || !resp.Allowed && !strings.Contains(resp.Result.Message, tc.refused) {
				t.Errorf("allowed: %v, %v", resp.Allowed, resp.Result)
			}
			if got := strings.Join(resp.Warnings, ""); !strings.Contains(got, tc.warned) || tc.warned == "" && got != "" {
				t.Errorf("warned %q", got)
			}
		})
	}
}
