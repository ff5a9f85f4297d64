package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	autoscalermetrics "knative.dev/serving/pkg/autoscaler/metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccInjection is the life of a plain Deployment that asks for a queue-proxy: Knative's autoscaler scales it by concurrency, from
// one Pod to several and back, until it asks no more. One that cannot have a queue-proxy runs without.
func TestAccInjection(t *testing.T) {
	g := newGuard(t)
	// To Pods and Services, where testenv.Client goes by the ingress. A new connection each time: at first the Service leads to
	// Knative's activator, and a connection that is kept stays there.
	web := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	g.sendsPods()
	g.cannotBeInjected()

	d := g.deployment("plain", map[string]string{
		sidecar.AnnotationInject: "true", "autoscaling.knative.dev/target": "2", "autoscaling.knative.dev/window": "6s", "autoscaling.knative.dev/max-scale": "4",
		sidecar.AnnotationTimeout: "5",
	})
	g.create(d)
	pod := g.podOf("plain")
	if len(pod.Spec.Containers) != 2 || pod.Spec.Containers[1].Name != "queue-proxy" {
		t.Fatalf("containers %v", pod.Spec.Containers)
	}
	if got, err := testenv.Answer(t.Context(), web, "http://"+pod.Status.PodIP+":8012/"); err != nil || got != "Hello plain!" {
		t.Fatalf("through 8012: %q %v", got, err)
	}
	pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: g.meta("plain-kpa")}
	g.eventually("the PodAutoscaler is ready", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(pa), pa)
		return must(err == nil && pa.IsReady() && pa.Status.ServiceName != "", "%v %+v", err, pa.Status)
	})

	done := g.load(web, pa.Status.ServiceName, 8)
	defer done()
	g.eventually(":9090/metrics shows concurrency", func(ctx context.Context) error {
		text, err := testenv.Get(ctx, web, "http://"+pod.Status.PodIP+":9090/metrics")
		if err != nil {
			return err
		}
		var stat autoscalermetrics.Stat // as the autoscaler reads it
		err = stat.Unmarshal([]byte(text))
		return must(err == nil && stat.PodName == pod.Name && stat.AverageConcurrentRequests > 1, "%v %v", err, stat)
	})
	g.eventually("1 to several", g.replicas("plain", func(n int32) bool { return n >= 2 }))
	done()
	g.eventually("back to 1", g.replicas("plain", func(n int32) bool { return n == 1 }))

	if err := change(t.Context(), g.admin, d, func(d *appsv1.Deployment) { delete(d.Spec.Template.Annotations, sidecar.AnnotationInject) }); err != nil {
		t.Fatal(err)
	}
	g.eventually("its PodAutoscaler goes when it asks no more", func(ctx context.Context) error {
		err := g.admin.Get(ctx, client.ObjectKeyFromObject(pa), pa)
		return must(apierrors.IsNotFound(err), "%v", err)
	})
}

// sendsPods waits until the API server asks the guard about Pods.
func (g *guard) sendsPods() {
	g.t.Helper()
	template := g.deployment("probe", map[string]string{sidecar.AnnotationInject: "true"}).Spec.Template
	g.eventually("a dry run of a Pod comes back with a queue-proxy", func(ctx context.Context) error {
		pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: template.Spec}
		pod.Namespace, pod.Name = g.namespace, "probe"
		err := g.admin.Create(ctx, pod, client.DryRunAll)
		return must(err == nil && len(pod.Spec.Containers) == 2, "%v, containers %v", err, pod.Spec.Containers)
	})
}

// cannotBeInjected runs a Deployment whose container has no port, and looks for the reason where people look.
func (g *guard) cannotBeInjected() {
	g.t.Helper()
	d := g.deployment("mute", map[string]string{sidecar.AnnotationInject: "true"})
	d.Spec.Template.Spec.Containers[0].Ports = nil
	g.create(d)
	if pod := g.podOf("mute"); len(pod.Spec.Containers) != 1 || pod.Annotations[sidecar.AnnotationInjected] != "" {
		g.t.Errorf("the Pod is changed: %+v", pod.Spec)
	}
	// The Deployment's, or its ReplicaSet's where the Pod came before the Deployment was in the guard's cache.
	g.eventually("the Events of the Deployment or of its ReplicaSet say why", func(ctx context.Context) error {
		var list eventsv1.EventList
		err := g.admin.List(ctx, &list, client.InNamespace(g.namespace))
		for _, e := range list.Items {
			ofDeployment := e.Regarding.Kind == "Deployment" && e.Regarding.UID == d.UID
			if e.Reason == string(sidecar.NoPort) && (ofDeployment || e.Regarding.Kind == "ReplicaSet" && strings.HasPrefix(e.Regarding.Name, "mute-")) {
				g.t.Log(e.Note)
				return nil
			}
		}
		return fmt.Errorf("%d Events, %w", len(list.Items), err)
	})
}

// deployment is a plain one of the tests' application.
func (g *guard) deployment(name string, annotations map[string]string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{ObjectMeta: g.meta(name), Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "app", Image: g.Image, Env: []corev1.EnvVar{{Name: "TARGET", Value: name}}, Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}, PeriodSeconds: 1, TimeoutSeconds: 5}, // the machine may be busy
			}},
		}},
	}}
}

// podOf is the one Pod of a Deployment, once it is Ready.
func (g *guard) podOf(name string) *corev1.Pod {
	g.t.Helper()
	var pods corev1.PodList
	g.eventually("the Pod of "+name+" is Ready", func(ctx context.Context) error {
		if err := g.admin.List(ctx, &pods, client.InNamespace(g.namespace), client.MatchingLabels{"app": name}); err != nil || len(pods.Items) != 1 {
			return fmt.Errorf("%d Pods, %w", len(pods.Items), err)
		}
		for _, c := range pods.Items[0].Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("%+v", pods.Items[0].Status)
	})
	return &pods.Items[0]
}

// replicas checks how many a Deployment wants.
func (g *guard) replicas(name string, want func(int32) bool) func(context.Context) error {
	return func(ctx context.Context) error {
		d := &appsv1.Deployment{ObjectMeta: g.meta(name)}
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(d), d); err != nil {
			return err
		}
		return must(want(*d.Spec.Replicas), "%d replicas", *d.Spec.Replicas)
	}
}

// load sends so many requests at once to a Service of the cluster, once it answers, until it is told to stop. Each must be answered.
func (g *guard) load(web *http.Client, service string, workers int) (stop func()) {
	g.t.Helper()
	s := &corev1.Service{ObjectMeta: g.meta(service)}
	if err := g.admin.Get(g.t.Context(), client.ObjectKeyFromObject(s), s); err != nil {
		g.t.Fatal(err)
	}
	url := "http://" + s.Spec.ClusterIP
	// Nodes learn of its Pods later than the PodAutoscaler, and for a while it may lead to these and to Knative's activator alike.
	g.eventually("the Service answers again and again", func(ctx context.Context) error {
		for range 30 {
			if _, err := testenv.Answer(ctx, web, url); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(g.t.Context())
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				if _, err := testenv.Answer(context.WithoutCancel(ctx), web, url+"/?sleep=500ms"); err != nil {
					g.t.Errorf("a request under load: %v", err)
					return
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}
