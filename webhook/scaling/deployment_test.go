package scaling

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
)

var deployment = Target{types.NamespacedName{Namespace: "ns", Name: "hello"}, v1alpha1.TargetDeployment}

func plain(replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: named("hello"), Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
}

// TestReplicas goes through the table of replicas: a plain Deployment with no metric is raised to the floor, and goes back to what
// others last wanted.
func TestReplicas(t *testing.T) {
	d := plain(1)
	b := newBench(t, d, policy("day", v1alpha1.TargetDeployment))
	at := func(when time.Time, want int32) {
		t.Helper()
		b.now = when
		b.reconcile(deployment)
		if err := b.Client.Get(t.Context(), deployment.NamespacedName, d); err != nil || *d.Spec.Replicas != want {
			t.Errorf("%s: %d replicas, want %d: %v", when.Format(time.TimeOnly), *d.Spec.Replicas, want, err)
		}
	}
	others := func(n int32) {
		t.Helper()
		d.Spec.Replicas = &n
		if err := b.Client.Update(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	at(nine.Add(-time.Minute), 1)
	at(nine, 3)
	if got, status := b.status("day"); got != "CarriedOut 3 schedule/day" {
		t.Errorf("%s %+v", got, status)
	}
	others(2)
	at(nine.Add(time.Minute), 3)
	others(7)
	at(nine.Add(2*time.Minute), 7)
	others(0)
	at(nine.Add(3*time.Minute), 3)
	at(nine.Add(9*time.Hour), 0)
	if len(d.Annotations) > 0 {
		t.Errorf("still remembered: %v", d.Annotations)
	}
	at(nine.Add(24*time.Hour), 3)
	p := policy("day", v1alpha1.TargetDeployment)
	if err := b.Client.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	at(nine.Add(25*time.Hour), 0)
}

// TestHPA: by CPU, a Deployment gets an HPA with the floor as its least.
func TestHPA(t *testing.T) {
	cpu := func(s *v1alpha1.ScalingPolicySpec) {
		s.Metric, s.Max = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 60}, new(int32(9))
	}
	d := plain(1)
	b := newBench(t, d, policy("day", v1alpha1.TargetDeployment, cpu))
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "day"}}
	at := func(when time.Time, want string) {
		t.Helper()
		b.now = when
		b.reconcile(deployment)
		if err := b.Client.Get(t.Context(), client.ObjectKeyFromObject(h), h); err != nil {
			t.Fatal(err)
		}
		m := h.Spec.Metrics[0].Resource
		if got := fmt.Sprintf("%s/%s %d–%d %s %d", h.Spec.ScaleTargetRef.Kind, h.Spec.ScaleTargetRef.Name, *h.Spec.MinReplicas, h.Spec.MaxReplicas, m.Name, *m.Target.AverageUtilization); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	at(nine.Add(-time.Minute), "Deployment/hello 1–9 cpu 60")
	at(nine, "Deployment/hello 3–9 cpu 60")
	if owner := metav1.GetControllerOf(h); owner == nil || owner.Kind != "ScalingPolicy" || owner.Name != "day" {
		t.Errorf("owned by %+v", owner)
	}
	h.Spec.MinReplicas = new(int32(1)) // by somebody else
	if err := b.Client.Update(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	at(nine.Add(time.Minute), "Deployment/hello 3–9 cpu 60")
	if got, _ := b.status("day"); got != "CarriedOut 3 schedule/day" {
		t.Error(got)
	}

	p := policy("day", v1alpha1.TargetDeployment)
	if err := b.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
		t.Fatal(err)
	}
	p.Spec.Suspend = true
	if err := b.Client.Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	b.reconcile(deployment)
	if err := b.Client.Get(t.Context(), client.ObjectKeyFromObject(h), h); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("the HPA of a suspended policy: %v", err)
	}
}

// TestDeploymentOwners: what somebody else scales is left alone.
func TestDeploymentOwners(t *testing.T) {
	to := func(name string) *autoscalingv2.HorizontalPodAutoscaler {
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named(name), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "hello"}}}
	}
	elsewhere := to("day")
	elsewhere.Spec.ScaleTargetRef.Name = "other"
	cpu := policy("day", v1alpha1.TargetDeployment, func(s *v1alpha1.ScalingPolicySpec) {
		s.Metric, s.Max = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 60}, new(int32(9))
	})
	for name, tc := range map[string]struct {
		objects []client.Object
		want    string
	}{
		"an HPA of others":         {[]client.Object{policy("day", v1alpha1.TargetDeployment), to("web")}, "SecondOwner 3 schedule/day"},
		"an HPA of others, cpu":    {[]client.Object{cpu.DeepCopy(), to("web")}, "SecondOwner 3 schedule/day"},
		"an HPA of that name":      {[]client.Object{cpu.DeepCopy(), elsewhere}, "NameTaken 3 schedule/day"},
		"queue-proxies, and cpu":   {[]client.Object{cpu.DeepCopy(), ownedAutoscaler()}, "SecondOwner 3 schedule/day"},
		"queue-proxies, no metric": {[]client.Object{policy("day", v1alpha1.TargetDeployment), ownedAutoscaler()}, "CarriedOut 3 schedule/day"},
	} {
		t.Run(name, func(t *testing.T) {
			d := plain(1)
			b := newBench(t, append(tc.objects, d)...)
			b.reconcile(deployment)
			if got, status := b.status("day"); got != tc.want {
				t.Errorf("got %q, want %q: %+v", got, tc.want, status.Conditions)
			}
			if err := b.Client.Get(t.Context(), deployment.NamespacedName, d); err != nil || *d.Spec.Replicas != 1 {
				t.Errorf("%d replicas, %v", *d.Spec.Replicas, err)
			}
		})
	}
}

func ownedAutoscaler() *autoscalingv1alpha1.PodAutoscaler {
	pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: named("hello-kpa")}
	pa.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(plain(1), appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	return pa
}

// TestAutoscaler is what a policy makes of a PodAutoscaler's annotations.
func TestAutoscaler(t *testing.T) {
	rps := func(s *v1alpha1.ScalingPolicySpec) {
		s.Metric, s.Max = &v1alpha1.ScalingMetric{Type: v1alpha1.RPS, Target: 40}, new(int32(9))
	}
	d := plain(1)
	p := policy("day", v1alpha1.TargetDeployment, rps)
	b := newBench(t, d, p)
	asked := 0
	b.Autoscale = func(types.NamespacedName) { asked++ }
	b.reconcile(deployment)
	if got, status := b.status("day"); got != "NotInjected 3 schedule/day" {
		t.Errorf("%s %+v", got, status.Conditions)
	}
	d.Spec.Template.Annotations = map[string]string{sidecar.AnnotationInject: "true"}
	if err := b.Client.Update(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	b.reconcile(deployment)
	if got, status := b.status("day"); got != "NoPodAutoscaler 3 schedule/day" {
		t.Errorf("%s %+v", got, status.Conditions)
	}
	if err := b.Client.Create(t.Context(), ownedAutoscaler()); err != nil {
		t.Fatal(err)
	}
	b.reconcile(deployment)
	if got, status := b.status("day"); got != "CarriedOut 3 schedule/day" || asked != 3 {
		t.Errorf("%s %+v, asked %d times", got, status.Conditions, asked)
	}
	got, err := b.Autoscaler(t.Context(), deployment.NamespacedName, map[string]string{group + "minScale": "1", group + "window": "10s", "x": "y"})
	want := map[string]string{group + "minScale": "1", group + "window": "10s", "x": "y", group + "min-scale": "3", group + "max-scale": "9", group + "metric": "rps", group + "target": "40"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v %v", got, err)
	}
	b.now = nine.Add(9 * time.Hour)
	if got, err := b.Autoscaler(t.Context(), deployment.NamespacedName, nil); err != nil || got[group+"min-scale"] != "" || got[group+"metric"] != "rps" {
		t.Errorf("after the window: %v %v", got, err)
	}
}
