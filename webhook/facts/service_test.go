package facts

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// object is a Service as Knative 0.50.0 leaves it, with 20 % to the latest, for what differs to be written into.
const object = `{"metadata": {"name": "hello", "uid": "1", "generation": 2},
	"spec": {"traffic": [{"revisionName": "hello-v1", "latestRevision": false, "percent": 80}, {"latestRevision": true, "percent": 20, "tag": "next"}]},
	"status": {"observedGeneration": 2, "latestCreatedRevisionName": "hello-v2", "latestReadyRevisionName": "hello-v2",
		"conditions": [{"type": "ConfigurationsReady", "status": "True"}],
		"traffic": [{"revisionName": "hello-v1", "latestRevision": false, "percent": 80}, {"revisionName": "hello-v2", "latestRevision": true, "percent": 20, "tag": "next"}]}}`

func service(t *testing.T, raw string) *servingv1.Service {
	t.Helper()
	s := &servingv1.Service{}
	if err := json.Unmarshal([]byte(raw), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestService(t *testing.T) {
	s := service(t, object)
	got := Service(s, s.Spec.Traffic, &s.Status)
	asked := []rollout.Target{{Revision: "hello-v1", Percent: 80}, {Latest: true, Percent: 20, Tag: "next"}}
	serving := []rollout.Target{{Revision: "hello-v1", Percent: 80}, {Revision: "hello-v2", Percent: 20, Tag: "next"}}
	if !slices.Equal(got.Traffic, asked) || !slices.Equal(got.Serving, serving) {
		t.Errorf("asked %+v, serving %+v", got.Traffic, got.Serving)
	}
	if got.Name != "hello" || got.UID != "1" || !got.Settled || got.LatestCreated != "hello-v2" {
		t.Errorf("%+v", got)
	}
}

func TestServiceSettled(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*servingv1.Service)
		want   bool
	}{
		"all is observed":                        {func(*servingv1.Service) {}, true},
		"a generation that is not":               {func(s *servingv1.Service) { s.Generation = 3 }, false},
		"a Configuration that lags":              {func(s *servingv1.Service) { s.Status.MarkConfigurationNotReconciled() }, false},
		"no Revision yet":                        {func(s *servingv1.Service) { s.Status.LatestCreatedRevisionName = "" }, false},
		"no condition yet":                       {func(s *servingv1.Service) { s.Status.Conditions = nil }, false},
		"a Revision that is not Ready yet":       {func(s *servingv1.Service) { s.Status.MarkRevisionNameTaken("x") }, true},
		"a Route that is still being worked out": {func(s *servingv1.Service) { s.Status.MarkRouteNotReconciled() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := service(t, object)
			tc.change(s)
			if got := Service(s, s.Spec.Traffic, &s.Status).Settled; got != tc.want {
				t.Errorf("settled %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTrafficDefault(t *testing.T) {
	if got := Traffic(nil); !slices.Equal(got, []rollout.Target{{Latest: true, Percent: 100}}) {
		t.Errorf("%+v", got)
	}
	route := []servingv1.TrafficTarget{{ConfigurationName: "hello", Percent: new(int64(100))}}
	if got := Traffic(route); !slices.Equal(got, []rollout.Target{{Latest: true, Percent: 100}}) {
		t.Errorf("a Route's latest: %+v", got)
	}
}

// TestRuns: a template and the Revision that comes of it run the same, however their JSON is written.
func TestRuns(t *testing.T) {
	template := `{"metadata": {"name": "x"}, "spec": {"containers": [{"name": "user-container", "image": "a"}], "timeoutSeconds": 300}}`
	revision := `{"timeoutSeconds": 300, "containers": [{"image": "a", "resources": {}, "name": "user-container"}]}`
	var spec servingv1.RevisionSpec
	if err := json.Unmarshal([]byte(revision), &spec); err != nil {
		t.Fatal(err)
	}
	a, errA := Template(template).Runs()
	b, errB := Runs(spec)
	spec.Containers[0].Image = "b"
	c, errC := Runs(spec)
	if errA != nil || errB != nil || errC != nil || a != b || b == c {
		t.Errorf("template %s %v, revision %s %v, another %s %v", a, errA, b, errB, c, errC)
	}
}

func TestStripRevisionTwice(t *testing.T) {
	r := &servingv1.Revision{}
	r.Spec.Containers = service(t, `{"spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}}`).Spec.Template.Spec.Containers
	if err := stripRevision(r); err != nil {
		t.Fatal(err)
	}
	first := value(r)
	if err := stripRevision(r); err != nil {
		t.Fatal(err)
	}
	if value(r) != first || first.Runs == "" || len(r.Spec.Containers) != 0 {
		t.Errorf("%+v, then %+v", first, value(r))
	}
}

// TestStripRevisionShares: Revisions of one Service that come one after the other have their maps in common, and nobody else's.
func TestStripRevisionShares(t *testing.T) {
	strip := func(service, minScale string) *servingv1.Revision {
		r := &servingv1.Revision{}
		r.Spec.Containers = []corev1.Container{{Image: "a"}}
		r.Labels = map[string]string{serving.ServiceLabelKey: service, serving.ServiceUIDLabelKey: "1", "team": "x"}
		r.Annotations = map[string]string{"autoscaling.knative.dev/min-scale": minScale, serving.RevisionPreservedAnnotationKey: "true", "client.knative.dev/x": "y"}
		if err := stripRevision(r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	same := func(a, b map[string]string) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	first, second, third := strip("hello", "1"), strip("hello", "1"), strip("other", "2")
	if !same(first.Labels, second.Labels) || !same(first.Annotations, second.Annotations) || same(second.Labels, third.Labels) || same(second.Annotations, third.Annotations) {
		t.Error("shared otherwise")
	}
	if len(third.Labels) != 2 || third.Labels[serving.ServiceLabelKey] != "other" || len(third.Annotations) != 2 || third.Annotations["autoscaling.knative.dev/min-scale"] != "2" {
		t.Errorf("%v %v", third.Labels, third.Annotations)
	}
}
