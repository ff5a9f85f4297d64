package main

import (
	"context"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestAccScalingSchedule is a Service through a window: its floor comes and goes at the edges, a new Revision in the window has it too,
// and what the user wrote is back at the end, and when a policy goes in the middle of a window.
func TestAccScalingSchedule(t *testing.T) {
	g := newGuard(t)
	s := g.atRest(nil)
	before := g.podNames("hello-v1")
	from := time.Now().Add(10 * time.Second).Truncate(time.Second)
	until := from.Add(90 * time.Second)
	g.create(g.scalingPolicy("day", v1alpha1.TargetService, "hello", func(s *v1alpha1.ScalingPolicySpec) {
		s.Schedules = []v1alpha1.ScalingSchedule{window(from, until, 3)}
	}))
	g.eventually("before the window", g.says("day", "CarriedOut 1 target"))
	g.eventually("the edge", g.minOf("hello-v1", "3", true))
	if late := g.written("hello-v1").Sub(from); late < 0 || late > 10*time.Second { // it is kept in whole seconds
		t.Errorf("written %s after the edge", late)
	}
	g.eventually("3 Pods", g.ready("hello-v1", 3))
	if now := g.podNames("hello-v1"); !slices.Contains(now, before[0]) {
		t.Errorf("Pods were rolled out anew: %v, then %v", before, now)
	}
	g.eventually("the status says it", g.says("day", "CarriedOut 3 schedule/test"))
	g.eventually("an Event tells it", g.told("day", "FloorChanged", "Service/hello: 1 (target) → 3 (schedule/test)"))

	g.refusedError("the ScalingPolicy day already", "a second policy", func(ctx context.Context) error {
		return g.admin.Create(ctx, g.scalingPolicy("second", v1alpha1.TargetService, "hello", func(*v1alpha1.ScalingPolicySpec) {}))
	})
	g.refusedError(`spec.schedules[0].start: Invalid value: Field 2 (hour) of "0 25 * * *" has "25" at column 3`, "a schedule that is none", func(ctx context.Context) error {
		return g.admin.Create(ctx, g.scalingPolicy("other", v1alpha1.TargetService, "other", func(s *v1alpha1.ScalingPolicySpec) {
			s.Schedules = []v1alpha1.ScalingSchedule{{Name: "x", Start: "0 25 * * *", Duration: &metav1.Duration{Duration: time.Hour}}}
		}))
	})

	if err := change(t.Context(), g.admin, s, func(s *servingv1.Service) { template(s, "v2", g.Image) }); err != nil {
		t.Fatal(err)
	}
	g.eventually("the new Revision has it too", g.minOf("hello-v2", "3", true))
	g.serves("hello-v2 100")
	if n := len(g.podNames("hello-v2")); n != 3 {
		t.Errorf("it took over with %d Pods", n)
	}
	g.eventually("the old one has its own again", g.minOf("hello-v1", "1", false))

	time.Sleep(time.Until(until))
	g.eventually("the window ends", g.minOf("hello-v2", "1", false))
	g.eventually("1 Pod", g.ready("hello-v2", 1))
	g.eventually("the status says it", g.says("day", "CarriedOut 1 target"))

	p := &v1alpha1.ScalingPolicy{ObjectMeta: g.meta("day")}
	if err := change(t.Context(), g.admin, p, func(p *v1alpha1.ScalingPolicy) {
		p.Spec.Schedules = []v1alpha1.ScalingSchedule{window(time.Now(), time.Now().Add(time.Hour), 3)}
		p.Spec.Max = new(int32(2))
	}); err != nil {
		t.Fatal(err)
	}
	g.eventually("max below the floor", g.says("day", "CarriedOut 2 schedule/test, clamped from 3 by max"))
	g.eventually("2 Pods", g.ready("hello-v2", 2))
	if err := g.admin.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	g.eventually("a policy goes in its window", g.minOf("hello-v2", "1", false))
}

// TestAccScalingMetric: a live Revision of the HPA's class is scaled by CPU with the window's floor as its least; one of the KPA's class
// says what to do.
func TestAccScalingMetric(t *testing.T) {
	g := newGuard(t)
	g.atRest(map[string]string{"autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev", "autoscaling.knative.dev/metric": "cpu"})
	p := g.scalingPolicy("cpu", v1alpha1.TargetService, "hello", func(s *v1alpha1.ScalingPolicySpec) {
		s.Metric, s.Max = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 77}, new(int32(5))
		s.Schedules = []v1alpha1.ScalingSchedule{window(time.Now(), time.Now().Add(time.Hour), 2)}
	})
	g.create(p)
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: g.meta("hello-v1")}
	g.eventually("the HPA of the Revision", func(ctx context.Context) error {
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(hpa), hpa); err != nil {
			return err
		}
		m := hpa.Spec.Metrics
		return must(*hpa.Spec.MinReplicas == 2 && hpa.Spec.MaxReplicas == 5 && len(m) == 1 && *m[0].Resource.Target.AverageUtilization == 77, "%+v", hpa.Spec)
	})
	g.eventually("2 Pods", g.ready("hello-v1", 2))
	g.eventually("the status says it", g.says("cpu", "CarriedOut 2 schedule/test"))
	if err := change(t.Context(), g.admin, p, func(p *v1alpha1.ScalingPolicy) {
		p.Spec.Metric.Type = v1alpha1.Concurrency
	}); err != nil {
		t.Fatal(err)
	}
	g.eventually("the class differs", g.says("cpu", "ClassDiffers 2 schedule/test"))
	if err := g.admin.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	g.eventually("the user's own", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(hpa), hpa)
		// 80 % is Kubernetes' own default.
		return must(err == nil && *hpa.Spec.MinReplicas == 1 && hpa.Spec.MaxReplicas > 1000 && *hpa.Spec.Metrics[0].Resource.Target.AverageUtilization == 80, "%v %+v", err, hpa.Spec)
	})
}

// TestAccScalingDeployment is plain Deployments: by CPU with an HPA, with no metric by their replicas, and those that somebody else
// scales already.
func TestAccScalingDeployment(t *testing.T) {
	g := newGuard(t)
	for _, name := range []string{"by-cpu", "by-none"} {
		d := g.deployment(name, nil)
		d.Spec.Template.Spec.TerminationGracePeriodSeconds = new(int64(1))
		g.create(d)
	}
	from := time.Now().Add(10 * time.Second).Truncate(time.Second)
	until := from.Add(70 * time.Second)
	schedules := []v1alpha1.ScalingSchedule{window(from, until, 3)}
	g.create(g.scalingPolicy("cpu", v1alpha1.TargetDeployment, "by-cpu", func(s *v1alpha1.ScalingPolicySpec) {
		s.Metric, s.Max, s.Schedules = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 60}, new(int32(4)), schedules
	}), g.scalingPolicy("none", v1alpha1.TargetDeployment, "by-none", func(s *v1alpha1.ScalingPolicySpec) { s.Schedules = schedules }))
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: g.meta("cpu")}
	least := func(want int32) func(context.Context) error {
		return func(ctx context.Context) error {
			err := g.admin.Get(ctx, client.ObjectKeyFromObject(hpa), hpa)
			return must(err == nil && *hpa.Spec.MinReplicas == want && hpa.Spec.MaxReplicas == 4, "%v %+v", err, hpa.Spec)
		}
	}
	g.eventually("an HPA", least(1))
	g.eventually("the edge, by CPU", least(3))
	three := func(n int32) bool { return n == 3 }
	g.eventually("the edge, by replicas", g.replicas("by-none", three))
	g.eventually("the HPA has 3 Pods made", g.replicas("by-cpu", three))
	g.eventually("the status says it", g.says("cpu", "CarriedOut 3 schedule/test"))
	g.eventually("and of the other", g.says("none", "CarriedOut 3 schedule/test"))

	d := &appsv1.Deployment{ObjectMeta: g.meta("by-none")}
	if err := change(t.Context(), g.admin, d, func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(2)) }); err != nil {
		t.Fatal(err)
	}
	g.eventually("fewer than the floor", g.replicas("by-none", three))
	time.Sleep(time.Until(until))
	g.eventually("what others last wanted", g.replicas("by-none", func(n int32) bool { return n == 2 }))
	g.eventually("the window ends, by CPU", least(1))

	g.otherOwners()
	if err := g.admin.Delete(t.Context(), g.scalingPolicy("cpu", v1alpha1.TargetDeployment, "by-cpu", func(*v1alpha1.ScalingPolicySpec) {})); err != nil {
		t.Fatal(err)
	}
	g.eventually("the HPA goes with its policy", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(hpa), hpa)
		return must(apierrors.IsNotFound(err), "%v", err)
	})
}

// otherOwners are refused by name: an HPA, and what comes with CRDs that are not there when the guard starts.
func (g *guard) otherOwners() {
	g.t.Helper()
	ref := autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "taken"}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: g.meta("web"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: ref, MaxReplicas: 2}}
	g.create(hpa)
	refused := func(owner string) {
		g.t.Helper()
		g.eventually("refused for "+owner, func(ctx context.Context) error {
			err := g.admin.Create(ctx, g.scalingPolicy("second", v1alpha1.TargetDeployment, "taken", func(*v1alpha1.ScalingPolicySpec) {}), client.DryRunAll)
			return must(err != nil && containsAll(err.Error(), "knative-guard", "Deployment/taken is scaled by "+owner+" already"), "%v", err)
		})
	}
	refused("the HPA web")
	if err := g.admin.Delete(g.t.Context(), hpa); err != nil {
		g.t.Fatal(err)
	}
	for _, kind := range []struct{ group, version, plural, kind string }{
		{"keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"},
		{"autoscaling.alibabacloud.com", "v1beta1", "cronhorizontalpodautoscalers", "CronHorizontalPodAutoscaler"},
	} {
		crd := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": kind.plural + "." + kind.group},
			"spec": map[string]any{
				"group": kind.group, "scope": "Namespaced", "names": map[string]any{"kind": kind.kind, "plural": kind.plural},
				"versions": []any{map[string]any{"name": kind.version, "served": true, "storage": true, "schema": map[string]any{
					"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true},
				}}},
			},
		}}
		g.create(crd)
		owner := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": kind.group + "/" + kind.version, "kind": kind.kind, "metadata": map[string]any{"name": "nightly", "namespace": g.namespace},
			"spec": map[string]any{"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "taken"}},
		}}
		g.eventually("the CRD is served", func(ctx context.Context) error { return g.admin.Create(ctx, owner.DeepCopy()) })
		refused("the " + kind.kind + " nightly")
		if err := g.admin.Delete(g.t.Context(), owner); err != nil {
			g.t.Fatal(err)
		}
	}
}
