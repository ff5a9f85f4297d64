package scaling

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	floors "github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

var nine = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

const group = "autoscaling.knative.dev/"

// bench is a Keeper over a cluster in memory, with a clock that stands still.
type bench struct {
	*Keeper
	t   *testing.T
	now time.Time
}

type indexed struct{ *fake.ClientBuilder }

func (i indexed) IndexField(_ context.Context, o client.Object, field string, extract client.IndexerFunc) error {
	i.WithIndex(o, field, extract)
	return nil
}

func newBench(t *testing.T, objects ...client.Object) *bench {
	t.Helper()
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.ScalingPolicy{})
	if err := facts.AddIndexes(t.Context(), indexed{builder}); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, now: nine}
	c := builder.Build()
	b.Keeper = &Keeper{
		Client: c, Live: c, Knative: &Knative{Cache: c, Namespace: "knative-serving"}, Owners: &Owners{Cache: c}, Reservations: &floors.Reservations{},
		Autoscale: func(types.NamespacedName) {}, Now: func() time.Time { return b.now }, InScope: func(context.Context, string) (bool, error) { return true, nil }, Events: events.NewFakeRecorder(100),
	}
	return b
}

func (b *bench) reconcile(t Target) ctrl.Result {
	b.t.Helper()
	result, err := b.Reconcile(b.t.Context(), t)
	if err != nil {
		b.t.Fatal(err)
	}
	if result.RequeueAfter == tellAfter { // a floor was written: its status follows
		if result, err = b.Reconcile(b.t.Context(), t); err != nil || result.RequeueAfter == tellAfter {
			b.t.Fatalf("it writes again: %+v %v", result, err)
		}
	}
	return result
}

// annotations are those for the autoscaler, without the guard's memory.
func (b *bench) annotations(o client.Object) string {
	b.t.Helper()
	if err := b.Client.Get(b.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(o.GetAnnotations())) {
		if k != floors.Annotation {
			out = append(out, strings.TrimPrefix(k, group)+"="+o.GetAnnotations()[k])
		}
	}
	return strings.Join(out, " ")
}

func (b *bench) status(name string) (string, v1alpha1.ScalingPolicyStatus) {
	b.t.Helper()
	p := &v1alpha1.ScalingPolicy{}
	if err := b.Client.Get(b.t.Context(), types.NamespacedName{Namespace: "ns", Name: name}, p); err != nil {
		b.t.Fatal(err)
	}
	c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if c == nil {
		b.t.Fatalf("policy %s has no condition: %+v", name, p.Status)
	}
	return fmt.Sprintf("%s %d %s", c.Reason, p.Status.Floor, p.Status.FloorFrom), p.Status
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name), Generation: 1}
}

func policy(name string, kind v1alpha1.TargetKind, change ...func(*v1alpha1.ScalingPolicySpec)) *v1alpha1.ScalingPolicy {
	p := &v1alpha1.ScalingPolicy{ObjectMeta: named(name), Spec: v1alpha1.ScalingPolicySpec{
		Target:    v1alpha1.ScalingTarget{Kind: kind, Name: "hello"},
		Schedules: []v1alpha1.ScalingSchedule{{Name: "day", Start: "0 9 * * *", End: "0 18 * * *", Replicas: 3}},
	}}
	for _, f := range change {
		f(&p.Spec)
	}
	return p
}

func hello() *servingv1.Service {
	s := &servingv1.Service{ObjectMeta: named("hello")}
	s.Status.LatestCreatedRevisionName = "hello-v2"
	return s
}

func revision(name, state string, annotations ...string) *servingv1.Revision {
	r := &servingv1.Revision{ObjectMeta: named(name)}
	r.Labels = map[string]string{serving.ServiceLabelKey: "hello", serving.ServiceUIDLabelKey: "hello", serving.RoutingStateLabelKey: state}
	r.Annotations = map[string]string{}
	for _, a := range annotations {
		k, v, _ := strings.Cut(a, "=")
		r.Annotations[group+k] = v
	}
	return r
}

var service = Target{types.NamespacedName{Namespace: "ns", Name: "hello"}, v1alpha1.TargetService}

// TestWindow is a policy from the beginning of its window to the end: the live Revisions get the floor, each gets back its own.
func TestWindow(t *testing.T) {
	v1, v2, old := revision("hello-v1", "active", "min-scale=1"), revision("hello-v2", "pending"), revision("hello-v0", "reserve", "min-scale=1")
	b := newBench(t, hello(), v1, v2, old, policy("day", v1alpha1.TargetService))
	b.now = nine.Add(-time.Minute)
	if got := b.reconcile(service); got.RequeueAfter != time.Minute {
		t.Errorf("to look again after %s", got.RequeueAfter)
	}
	if got, _ := b.status("day"); got != "CarriedOut 1 target" {
		t.Error(got)
	}
	b.now = nine
	if got := b.reconcile(service); got.RequeueAfter != 9*time.Hour {
		t.Errorf("to look again after %s", got.RequeueAfter)
	}
	if got := b.annotations(v1) + ", " + b.annotations(v2) + ", " + b.annotations(old); got != "min-scale=3, min-scale=3, min-scale=1" {
		t.Error(got)
	}
	got, status := b.status("day")
	if got != "CarriedOut 3 schedule/day" || len(status.Transitions) != 5 || !slices.Equal(status.CarriedBy, []string{"hello-v1", "hello-v2"}) || len(status.Floors) != 2 {
		t.Errorf("%s %+v", got, status)
	}

	before := v1.ResourceVersion
	b.reconcile(service)
	if b.annotations(v1); v1.ResourceVersion != before {
		t.Error("written though nothing was new")
	}
	v1.Annotations[group+"min-scale"] = "2" // by its user, in the window
	if err := b.Client.Update(t.Context(), v1); err != nil {
		t.Fatal(err)
	}
	b.reconcile(service)
	if got := b.annotations(v1); got != "min-scale=3" {
		t.Error(got)
	}
	b.now = nine.Add(9 * time.Hour)
	b.reconcile(service)
	if got := b.annotations(v1) + ", " + b.annotations(v2); got != "min-scale=2, " {
		t.Error(got)
	}
	if _, held := v1.Annotations[floors.Annotation]; held {
		t.Error("still remembered")
	}
}

// A floor is written at once, and told when others have had their turn.
func TestFloorsFirst(t *testing.T) {
	v1 := revision("hello-v1", "active")
	b := newBench(t, hello(), v1, policy("day", v1alpha1.TargetService))
	b.now = nine
	b.reconcile(service)
	b.now = nine.Add(9 * time.Hour)
	result, err := b.Reconcile(t.Context(), service)
	if err != nil || result.RequeueAfter != tellAfter {
		t.Fatalf("got %+v, %v", result, err)
	}
	if got, _ := b.status("day"); b.annotations(v1) != "" || got != "CarriedOut 3 schedule/day" {
		t.Errorf("the Revision has %q, and the status says %s", b.annotations(v1), got)
	}
	if result, err = b.Reconcile(t.Context(), service); err != nil || result.RequeueAfter != 15*time.Hour {
		t.Errorf("got %+v, %v", result, err)
	}
	if got, _ := b.status("day"); got != "CarriedOut 0 " {
		t.Error(got)
	}
}

// TestKeeperOfServices goes through the tables of Reconcile, service and ready, in the window.
func TestKeeperOfServices(t *testing.T) {
	set := func(f func(*v1alpha1.ScalingPolicySpec)) []client.Object {
		return []client.Object{policy("p", v1alpha1.TargetService, f)}
	}
	held := func(r *servingv1.Revision) *servingv1.Revision {
		r.Annotations[group+"min-scale"] = "3"
		r.Annotations[floors.Annotation] = `{"autoscaling.knative.dev/min-scale":{"wrote":"3","own":"1"}}`
		return r
	}
	stale := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "knative-serving", Name: "config-autoscaler"}, Data: map[string]string{"min-scale": "4", "max-scale-limit": "6", "max-scale": "6"}}
	elder := policy("elder", v1alpha1.TargetService, func(s *v1alpha1.ScalingPolicySpec) { s.Schedules[0].Replicas = 5 })
	elder.CreationTimestamp, elder.Spec.Min = metav1.NewTime(nine.Add(-time.Hour)), new(int32(1))
	younger := policy("p", v1alpha1.TargetService)
	younger.CreationTimestamp = metav1.NewTime(nine)
	foreign := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("web"), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "hello-v1-deployment"}}}
	for name, tc := range map[string]struct {
		revision *servingv1.Revision
		others   []client.Object
		status   string // "" where there is no policy p
		want     string
	}{
		"no policy":                     {revision("hello-v1", "active", "min-scale=1"), nil, "", "min-scale=1"},
		"a policy that is gone":         {held(revision("hello-v1", "active")), nil, "", "min-scale=1"},
		"one that is not live any more": {held(revision("hello-v1", "reserve")), set(func(*v1alpha1.ScalingPolicySpec) {}), "NoRevision 0 ", "min-scale=1"},
		"one whose Service was another": {func() *servingv1.Revision {
			r := revision("hello-v1", "active")
			r.Labels[serving.ServiceUIDLabelKey] = "x"
			return r
		}(), set(func(*v1alpha1.ScalingPolicySpec) {}), "NoRevision 0 ", ""},
		"suspended":                   {held(revision("hello-v1", "active")), set(func(s *v1alpha1.ScalingPolicySpec) { s.Suspend = true }), "Suspended 1 target", "min-scale=1"},
		"a dry run":                   {held(revision("hello-v1", "active")), set(func(s *v1alpha1.ScalingPolicySpec) { s.DryRun = true }), "DryRun 3 schedule/day", "min-scale=1"},
		"cannot be read":              {held(revision("hello-v1", "active")), set(func(s *v1alpha1.ScalingPolicySpec) { s.Schedules[0].Start = "soon" }), "Invalid 1 target", "min-scale=1"},
		"max below the floor":         {revision("hello-v1", "active"), set(func(s *v1alpha1.ScalingPolicySpec) { s.Max = new(int32(2)) }), "CarriedOut 2 schedule/day, clamped from 3 by max", "max-scale=2 min-scale=2"},
		"min in the place of its own": {revision("hello-v1", "active", "min-scale=8"), set(func(s *v1alpha1.ScalingPolicySpec) { s.Min = new(int32(1)) }), "CarriedOut 3 schedule/day", "min-scale=3"},
		"a metric of its class": {revision("hello-v1", "active"), set(func(s *v1alpha1.ScalingPolicySpec) {
			s.Metric = &v1alpha1.ScalingMetric{Type: v1alpha1.RPS, Target: 50}
		}), "CarriedOut 3 schedule/day", "metric=rps min-scale=3 target=50"},
		"a metric of the other class": {revision("hello-v1", "active"), set(func(s *v1alpha1.ScalingPolicySpec) {
			s.Metric = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 50}
		}), "ClassDiffers 3 schedule/day", "min-scale=3"},
		"a metric of the HPA": {revision("hello-v1", "active", "class=hpa.autoscaling.knative.dev"), set(func(s *v1alpha1.ScalingPolicySpec) {
			s.Metric = &v1alpha1.ScalingMetric{Type: v1alpha1.CPU, Target: 50}
		}), "CarriedOut 3 schedule/day", "class=hpa.autoscaling.knative.dev min-scale=3 target=50"},
		"the cluster's own min is larger": {revision("hello-v1", "active"), append(set(func(*v1alpha1.ScalingPolicySpec) {}), stale), "CarriedOut 4 target", ""},
		"max above the cluster's limit":   {revision("hello-v1", "active"), append(set(func(s *v1alpha1.ScalingPolicySpec) { s.Max = new(int32(50)); s.Min = new(int32(20)) }), stale), "CarriedOut 6 min, clamped from 20 by max", "min-scale=6"},
		"an elder policy":                 {revision("hello-v1", "active"), []client.Object{elder, younger}, "SecondPolicy 0 ", "min-scale=5"},
		"a foreign HPA":                   {revision("hello-v1", "active"), append(set(func(*v1alpha1.ScalingPolicySpec) {}), foreign), "SecondOwner 3 schedule/day", "min-scale=3"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, append(slices.Clone(tc.others), hello(), tc.revision)...)
			b.reconcile(service)
			if got := b.annotations(tc.revision); got != tc.want {
				t.Errorf("the Revision has %q, want %q", got, tc.want)
			}
			if tc.status == "" {
				return
			}
			if got, status := b.status("p"); got != tc.status {
				t.Errorf("got %q, want %q: %+v", got, tc.status, status.Conditions)
			}
		})
	}
	t.Run("no Service", func(t *testing.T) {
		b := newBench(t, policy("p", v1alpha1.TargetService))
		b.reconcile(service)
		if got, _ := b.status("p"); got != "TargetMissing 0 " {
			t.Error(got)
		}
	})
	t.Run("a reservation, and no policy", func(t *testing.T) {
		r := revision("hello-v1", "active")
		b := newBench(t, hello(), r)
		b.Reservations.Reserve("slb/web", client.ObjectKeyFromObject(r), 1)
		if b.Reservations.Carried(client.ObjectKeyFromObject(r)) {
			t.Error("carried before anything is written")
		}
		b.reconcile(service)
		if got := b.annotations(r); got != "min-scale=1" || b.Reservations.Carried(client.ObjectKeyFromObject(r)) {
			t.Errorf("%s, carried before the autoscaler can know", got)
		}
		pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: named(r.Name)}
		pa.Annotations, pa.Status.DesiredScale = map[string]string{group + "min-scale": "1"}, new(int32(1))
		if err := b.Client.Create(t.Context(), pa); err != nil {
			t.Fatal(err)
		}
		if again := b.reconcile(service).RequeueAfter; again <= 0 || b.Reservations.Carried(client.ObjectKeyFromObject(r)) {
			t.Errorf("carried while a decision may be on its way, looked at again in %v", again)
		}
		b.now = b.now.Add(time.Second)
		if again := b.reconcile(service).RequeueAfter; again != 0 || !b.Reservations.Carried(client.ObjectKeyFromObject(r)) {
			t.Errorf("not carried, looked at again in %v", again)
		}
		b.Reservations.Reserve("slb/web", client.ObjectKeyFromObject(r), 0)
		b.reconcile(service)
		if got := b.annotations(r); got != "" {
			t.Error(got)
		}
	})
	t.Run("a reservation of before the start", func(t *testing.T) {
		r := revision("hello-v1", "active")
		b := newBench(t, hello(), r)
		b.Reservations.Reserve("slb/web", client.ObjectKeyFromObject(r), 1)
		b.reconcile(service)
		b.Reservations = &floors.Reservations{} // the guard starts
		b.Reservations.Await()
		var told []types.NamespacedName
		b.Reservations.Notify(func(name types.NamespacedName) { told = append(told, name) })
		b.reconcile(service)
		if got := b.annotations(r); got != "min-scale=1" {
			t.Errorf("before anybody could reserve: %q", got)
		}
		b.Reservations.Settle()
		if !slices.Contains(told, client.ObjectKeyFromObject(r)) {
			t.Errorf("told of %v", told)
		}
		b.reconcile(service)
		if got := b.annotations(r); got != "" {
			t.Errorf("nobody has reserved: %q", got)
		}
	})
}

// TestAtRest: a policy whose target has what it is to have is looked at without a request.
func TestAtRest(t *testing.T) {
	b := newBench(t, hello(), revision("hello-v1", "active", "min-scale=1"), policy("day", v1alpha1.TargetService))
	b.reconcile(service)
	p := &v1alpha1.ScalingPolicy{ObjectMeta: named("day")}
	version := func() string {
		if err := b.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			t.Fatal(err)
		}
		return p.ResourceVersion
	}
	before := version()
	b.now = nine.Add(time.Minute)
	b.reconcile(service)
	if now := version(); now != before {
		t.Errorf("the status was written again: %s, then %s", before, now)
	}
}
