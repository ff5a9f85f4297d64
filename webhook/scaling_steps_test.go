package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
)

const minScale = "autoscaling.knative.dev/min-scale"

// window is a schedule of one window, to the second: a cron expression fires at whole minutes, and the lead time and the duration do
// the rest. So it lasts over the end of a minute.
func window(from, until time.Time, replicas int32) v1alpha1.ScalingSchedule {
	from, until = from.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second)
	start := from.Truncate(time.Minute).Add(time.Minute)
	if !until.After(start) {
		until = start.Add(time.Second)
	}
	return v1alpha1.ScalingSchedule{
		Name: "test", Start: fmt.Sprintf("%d %d %d %d *", start.Minute(), start.Hour(), start.Day(), start.Month()), Replicas: replicas,
		Duration: &metav1.Duration{Duration: until.Sub(start)}, LeadTime: &metav1.Duration{Duration: start.Sub(from)},
	}
}

// scalingPolicy is one for a target of the namespace.
func (g *guard) scalingPolicy(name string, kind v1alpha1.TargetKind, target string, change func(*v1alpha1.ScalingPolicySpec)) *v1alpha1.ScalingPolicy {
	p := &v1alpha1.ScalingPolicy{ObjectMeta: g.meta(name), Spec: v1alpha1.ScalingPolicySpec{Target: v1alpha1.ScalingTarget{Kind: kind, Name: target}}}
	change(&p.Spec)
	return p
}

// atRest makes a Service with one Pod at least, and waits until it has just that.
func (g *guard) atRest(annotations map[string]string) *servingv1.Service {
	g.t.Helper()
	s := &servingv1.Service{ObjectMeta: g.meta("hello")}
	template(s, "v1", g.Image)
	s.Spec.Template.Annotations = map[string]string{minScale: "1", "autoscaling.knative.dev/window": "6s"}
	maps.Copy(s.Spec.Template.Annotations, annotations)
	g.create(s)
	g.serves("hello-v1 100")
	g.eventually("1 Pod", g.ready("hello-v1", 1))
	return s
}

// ready checks how many Ready Pods a Revision has, and that its Deployment wants no others.
func (g *guard) ready(revision string, n int32) func(context.Context) error {
	return func(ctx context.Context) error {
		d := &appsv1.Deployment{ObjectMeta: g.meta(revision + "-deployment")}
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(d), d); err != nil {
			return err
		}
		return must(*d.Spec.Replicas == n && d.Status.ReadyReplicas == n, "%d replicas, %d Ready", *d.Spec.Replicas, d.Status.ReadyReplicas)
	}
}

// minOf checks a Revision's min-scale, "" for none, and that the guard remembers something of it just where it is the guard's.
func (g *guard) minOf(revision, want string, held bool) func(context.Context) error {
	return func(ctx context.Context) error {
		r := &servingv1.Revision{ObjectMeta: g.meta(revision)}
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(r), r); err != nil {
			return err
		}
		_, remembered := r.Annotations[scaling.Annotation]
		return must(r.Annotations[minScale] == want && remembered == held, "%v", r.Annotations)
	}
}

// says checks a policy's status: the reason of Ready, the floor, and where it comes from.
func (g *guard) says(policy, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		p := &v1alpha1.ScalingPolicy{ObjectMeta: g.meta(policy)}
		if err := g.admin.Get(ctx, client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil {
			return fmt.Errorf("no condition yet")
		}
		got := fmt.Sprintf("%s %d %s", c.Reason, p.Status.Floor, p.Status.FloorFrom)
		return must(got == want && p.Status.ObservedGeneration == p.Generation, "%s: %+v", got, p.Status)
	}
}

// told checks that an Event on a policy has a reason and says something.
func (g *guard) told(policy, reason, note string) func(context.Context) error {
	return func(ctx context.Context) error {
		var list eventsv1.EventList
		err := g.admin.List(ctx, &list, client.InNamespace(g.namespace))
		var seen []string
		for _, e := range list.Items {
			if e.Regarding.Kind == "ScalingPolicy" && e.Regarding.Name == policy {
				seen = append(seen, e.Reason+" "+e.Note)
			}
		}
		return must(err == nil && slices.Contains(seen, reason+" "+note), "%v %q", err, seen)
	}
}

func (g *guard) podNames(revision string) []string {
	g.t.Helper()
	var list corev1.PodList
	if err := g.admin.List(g.t.Context(), &list, client.InNamespace(g.namespace), client.MatchingLabels{serving.RevisionLabelKey: revision}); err != nil {
		g.t.Fatal(err)
	}
	var out []string
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			out = append(out, p.Name)
		}
	}
	return out
}

// written says when the guard last wrote a floor on a Revision.
func (g *guard) written(revision string) time.Time {
	g.t.Helper()
	r := &servingv1.Revision{ObjectMeta: g.meta(revision)}
	if err := g.admin.Get(g.t.Context(), client.ObjectKeyFromObject(r), r); err != nil {
		g.t.Fatal(err)
	}
	for _, f := range r.ManagedFields {
		if f.Manager == "knative-guard-scaling" {
			return f.Time.Time
		}
	}
	g.t.Fatalf("%s has nothing of the guard's: %+v", revision, r.ManagedFields)
	return time.Time{}
}

func containsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}
