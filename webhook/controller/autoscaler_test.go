package controller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"knative.dev/pkg/system"
	"knative.dev/serving/pkg/apis/autoscaling"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts/factstest"
)

// plain is a Deployment with two Pods that asks for a queue-proxy.
func plain(change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: named("hello"), Status: appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: 2}}
	d.Labels = nil
	d.Spec.Template.Annotations = map[string]string{sidecar.AnnotationInject: "true", sidecar.AnnotationConcurrency: "7", "autoscaling.knative.dev/target": "5", "other": "x"}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Name: "h2c"}}}}
	for _, c := range change {
		c(d)
	}
	return d
}

func saying(key, value string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Annotations[key] = value }
}

// pods are of the PodAutoscaler's name, some with a queue-proxy.
func pods(names ...string) []client.Object {
	var out []client.Object
	for _, name := range names {
		meta := named(name)
		meta.Labels = map[string]string{serving.RevisionLabelKey: "hello-kpa"}
		out = append(out, &corev1.Pod{ObjectMeta: meta})
	}
	return out
}

// autoscalerOf is one that a Deployment of a UID owns.
func autoscalerOf(name, uid string) *autoscalingv1alpha1.PodAutoscaler {
	pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: name, Labels: facts.ManagedLabels(), Annotations: map[string]string{"others": "stay", "autoscaling.knative.dev/target": "99", "autoscaling.knative.dev/max-scale": "3"},
	}}
	if uid != "" {
		owner := metav1.NewControllerRef(plain(), appsv1.SchemeGroupVersion.WithKind("Deployment"))
		owner.UID = plain().UID
		if uid != string(owner.UID) {
			owner.UID = "another"
		}
		pa.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	return pa
}

func keeper(t *testing.T, objects ...client.Object) (*AutoscalerKeeper, *events.FakeRecorder) {
	t.Helper()
	t.Setenv(system.NamespaceEnvKey, factstest.Knative)
	objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns"}})
	c, recorder := fakeClient(t, append(objects, factstest.ConfigMaps()...)...), events.NewFakeRecorder(10)
	return &AutoscalerKeeper{Client: c, Live: c, Injector: facts.NewKnative(c, factstest.Knative, recorder).Injector, Events: recorder}, recorder
}

var hello = ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "ns", Name: "hello"}}

// TestAutoscalerKeeper goes through the table of Reconcile.
func TestAutoscalerKeeper(t *testing.T) {
	both := pods("a", "b")
	for name, tc := range map[string]struct {
		deployment *appsv1.Deployment
		there      []client.Object
		want       []string // PodAutoscalers, with the target of each
		event      string
	}{
		"asks, all have it":              {plain(), both, []string{"hello-kpa 5"}, ""},
		"asks, one has none yet":         {plain(), pods("a"), nil, ""},
		"asks, and is stopped":           {plain(func(d *appsv1.Deployment) { d.Status.Replicas = 0 }), nil, nil, ""},
		"asks, and is not observed":      {plain(func(d *appsv1.Deployment) { d.Generation = 2 }), both, nil, ""},
		"asks, one has none, has one":    {plain(), append(pods("a"), autoscalerOf("hello-kpa", "1")), []string{"hello-kpa 5"}, ""},
		"asks by another name":           {plain(saying(sidecar.AnnotationAutoscaler, "other")), append(pods("a"), autoscalerOf("hello-kpa", "1")), nil, "AutoscalerDeleted"},
		"does not ask":                   {plain(saying(sidecar.AnnotationInject, "false")), append(pods("a"), autoscalerOf("hello-kpa", "1")), nil, "AutoscalerDeleted"},
		"cannot have one":                {plain(saying(sidecar.AnnotationPort, "x")), append(pods("a"), autoscalerOf("hello-kpa", "1")), nil, "AutoscalerDeleted"},
		"does not ask, another has one":  {plain(saying(sidecar.AnnotationInject, "false")), []client.Object{autoscalerOf("hello-kpa", "2")}, []string{"hello-kpa 99"}, ""},
		"the name is another's":          {plain(), append(pods("a", "b"), autoscalerOf("hello-kpa", "2")), []string{"hello-kpa 99"}, "AutoscalerTaken"},
		"the name is nobody's":           {plain(), append(pods("a", "b"), autoscalerOf("hello-kpa", "")), []string{"hello-kpa 99"}, "AutoscalerTaken"},
		"a Deployment that is not there": {plain(func(d *appsv1.Deployment) { d.Name = "x" }), []client.Object{autoscalerOf("hello-kpa", "1")}, []string{"hello-kpa 99"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k, recorder := keeper(t, append([]client.Object{tc.deployment}, tc.there...)...)
			if _, err := k.Reconcile(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
			var list autoscalingv1alpha1.PodAutoscalerList
			if err := k.Client.List(t.Context(), &list); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, pa := range list.Items {
				got = append(got, pa.Name+" "+pa.Annotations["autoscaling.knative.dev/target"])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
			event := ""
			if len(recorder.Events) > 0 {
				event = <-recorder.Events
			}
			if (event == "") != (tc.event == "") || !strings.Contains(event, tc.event) {
				t.Errorf("Event %q, want %q", event, tc.event)
			}
		})
	}
}

// TestAutoscalerKeeperUpdates: what is ours is brought up to date, what is others' stays, and nothing is written twice.
func TestAutoscalerKeeperUpdates(t *testing.T) {
	k, _ := keeper(t, append(pods("a", "b"), plain(), autoscalerOf("hello-kpa", "1"))...)
	var seen [2]autoscalingv1alpha1.PodAutoscaler
	for i := range seen {
		if _, err := k.Reconcile(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
		if err := k.Client.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "hello-kpa"}, &seen[i]); err != nil {
			t.Fatal(err)
		}
	}
	pa := seen[0]
	if _, kept := pa.Annotations["autoscaling.knative.dev/max-scale"]; kept || pa.Annotations["others"] != "stay" || pa.Labels[serving.RevisionUID] != "hello-kpa" {
		t.Errorf("%+v", pa.ObjectMeta)
	}
	if s := pa.Spec; s.ContainerConcurrency != 7 || s.ProtocolType != "h2c" || s.ScaleTargetRef.Name != "hello" || s.Reachability != autoscalingv1alpha1.ReachabilityReachable {
		t.Errorf("%+v", s)
	}
	if seen[1].ResourceVersion != pa.ResourceVersion {
		t.Error("written though nothing differs")
	}
}

func TestAutoscalerKeeperFails(t *testing.T) {
	objects := append(pods("a", "b"), plain(), autoscalerOf("old", "1"))
	k, _ := keeper(t, objects...)
	k.Injector = func(context.Context) (*sidecar.Injector, error) { return nil, errors.New("no ConfigMaps") }
	if _, err := k.Reconcile(t.Context(), hello); err == nil || k.Client.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: "old"}, &autoscalingv1alpha1.PodAutoscaler{}) != nil {
		t.Errorf("without a configuration, what is there must stay: %v", err)
	}

	k, recorder := keeper(t, append(pods("a", "b"), plain())...)
	k.Client = interceptor.NewClient(k.Client.(client.WithWatch), interceptor.Funcs{Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error {
		return apierrors.NewBadRequest("min-scale: x")
	}})
	if _, err := k.Reconcile(t.Context(), hello); !errors.Is(err, reconcile.TerminalError(nil)) || len(recorder.Events) != 1 {
		t.Errorf("refused by Knative: %v, %d Events", err, len(recorder.Events))
	}
}

// TestPodAutoscalerAnnotations: Knative's activator is not in the path, however that is spelled.
func TestPodAutoscalerAnnotations(t *testing.T) {
	const group = "autoscaling.knative.dev/"
	for name, tc := range map[string]struct{ of, want map[string]string }{
		"nothing":         {map[string]string{"x": "y"}, map[string]string{"min-scale": "1"}},
		"zero":            {map[string]string{group + "min-scale": "0"}, map[string]string{"min-scale": "1"}},
		"zero, old style": {map[string]string{group + "minScale": "0", group + "targetBurstCapacity": "-1"}, map[string]string{"min-scale": "1"}},
		"three":           {map[string]string{group + "minScale": "3", group + "target-burst-capacity": "200"}, map[string]string{"min-scale": "3"}},
		"no number":       {map[string]string{group + "min-scale": "x"}, map[string]string{"min-scale": "x"}},
		"the HPA's class": {map[string]string{group + "class": autoscaling.HPA}, map[string]string{"min-scale": "1", "class": autoscaling.HPA, "metric": "cpu"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: tc.of}}
			pa, err := podAutoscaler(t.Context(), plain(), &sidecar.Injected{Pod: pod}, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := pa.Annotations
			want := map[string]string{group + "class": autoscaling.KPA, group + "metric": "concurrency", group + "target-burst-capacity": "0"}
			for k, v := range tc.want {
				want[group+k] = v
			}
			if !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
