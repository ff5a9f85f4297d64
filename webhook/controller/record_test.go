package controller

import (
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "1", Generation: 1, Labels: map[string]string{serving.ServiceLabelKey: "hello"}}
}

func fakeClient(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.RolloutPolicy{}).
		WithIndex(&servingv1.Revision{}, "service", func(o client.Object) []string { return []string{o.GetLabels()[serving.ServiceLabelKey]} }).Build()
}

// TestRecordKeeper goes through the table of Reconcile.
func TestRecordKeeper(t *testing.T) {
	revision := &servingv1.Revision{ObjectMeta: named("hello-v1")}
	revision.Status.LogURL = "code" // where the cache keeps what a Revision runs
	revision.Status.MarkActiveTrue()
	revision.Status.MarkContainerHealthyTrue()
	revision.Status.MarkResourcesAvailableTrue()
	service := &servingv1.Service{ObjectMeta: named("hello")}
	service.Status.ObservedGeneration, service.Status.LatestCreatedRevisionName = 1, "hello-v1"
	service.Status.MarkConfigurationNotOwned("hello") // any condition says that Knative has seen the template
	service.Status.Traffic = []servingv1.TrafficTarget{{RevisionName: "hello-v1", LatestRevision: new(true), Percent: new(int64(100))}}
	c, now, recorder := fakeClient(t, revision, service), start, events.NewFakeRecorder(10)
	k := &RecordKeeper{Client: c, Facts: facts.NewReader(c), Now: func() time.Time { return now }, Events: recorder}
	key := client.ObjectKeyFromObject(service)
	reconcile := func(after time.Duration) ctrl.Result {
		t.Helper()
		now = start.Add(after)
		result, err := k.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	record := func() (r v1alpha1.RolloutRecord, err error) { err = c.Get(t.Context(), key, &r); return r, err }

	reconcile(0)
	first, err := record()
	if err != nil || first.Status.Stable != "hello-v1" || first.Status.StableTemplate != "code" || len(first.Status.History) != 1 || len(recorder.Events) != 1 {
		t.Fatalf("%+v %v, %d events", first.Status, err, len(recorder.Events))
	}
	reconcile(time.Minute)
	if again, err := record(); err != nil || again.ResourceVersion != first.ResourceVersion {
		t.Errorf("written though nothing was new: %v", err)
	}

	if err := c.Delete(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	if got := reconcile(time.Hour); got.RequeueAfter != v1alpha1.FormerKept {
		t.Errorf("to look again after %s", got.RequeueAfter)
	}
	if r, err := record(); err != nil || r.Status.Former == nil || r.Status.Former.Template != "code" {
		t.Errorf("%+v %v", r.Status, err)
	}
	if got := reconcile(2 * time.Hour); got.RequeueAfter != v1alpha1.FormerKept-time.Hour {
		t.Errorf("to look again after %s", got.RequeueAfter)
	}
	reconcile(time.Hour + v1alpha1.FormerKept)
	if _, err := record(); !apierrors.IsNotFound(err) {
		t.Errorf("the record is still there: %v", err)
	}
	reconcile(48 * time.Hour) // and nothing is made of nothing
}

func TestPolicyKeeper(t *testing.T) {
	policy := &v1alpha1.RolloutPolicy{ObjectMeta: named("careful"), Spec: v1alpha1.RolloutPolicySpec{Selector: metav1.LabelSelector{MatchLabels: map[string]string{"tier": "front"}}}}
	broken := &v1alpha1.RolloutPolicy{ObjectMeta: named("broken"), Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(0))}}
	broken.UID = "2"
	front := &servingv1.Service{ObjectMeta: named("front")}
	front.Labels["tier"] = "front"
	ofFront := &v1alpha1.RolloutRecord{ObjectMeta: named("front"), Status: v1alpha1.RolloutRecordStatus{ServiceUID: "1", Stable: "front-v2", Previous: "front-v1"}}
	ofBack := &v1alpha1.RolloutRecord{ObjectMeta: named("back"), Status: v1alpha1.RolloutRecordStatus{ServiceUID: "1", Stable: "back-v1"}}
	anew := &servingv1.Service{ObjectMeta: named("anew")} // has the name of one that is gone
	anew.Labels["tier"], anew.UID = "front", "3"
	ofAnew := &v1alpha1.RolloutRecord{ObjectMeta: named("anew"), Status: v1alpha1.RolloutRecordStatus{ServiceUID: "2", Stable: "anew-v1"}}
	c := fakeClient(t, policy, broken, front, anew, &servingv1.Service{ObjectMeta: named("back")}, ofFront, ofBack, ofAnew)
	k := &PolicyKeeper{Client: c, Facts: facts.NewReader(c)}
	for p, want := range map[*v1alpha1.RolloutPolicy]struct {
		services int32
		targets  []string
		accepted metav1.ConditionStatus
	}{policy: {2, []string{"front-v1", "front-v2"}, metav1.ConditionTrue}, broken: {0, nil, metav1.ConditionFalse}} {
		if _, err := k.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)}); err != nil {
			t.Fatal(err)
		}
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			t.Fatal(err)
		}
		if s := p.Status; s.Services != want.services || !slices.Equal(s.RollbackTargets, want.targets) || len(s.Conditions) != 1 || s.Conditions[0].Status != want.accepted || s.ObservedGeneration != 1 {
			t.Errorf("%s: %+v", p.Name, s)
		}
	}
}
