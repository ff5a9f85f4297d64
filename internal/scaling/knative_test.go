package scaling

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"knative.dev/serving/pkg/apis/autoscaling"
	"knative.dev/serving/pkg/autoscaler/config/autoscalerconfig"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestAnnotations says what is written for a decision, and has Knative's own validation take it.
func TestAnnotations(t *testing.T) {
	day := []Floor{{Source: "schedule/day", Replicas: 5}}
	n := func(n int32) *int32 { return &n }
	metric := func(m v1alpha1.MetricType, target int32) *v1alpha1.ScalingMetric {
		return &v1alpha1.ScalingMetric{Type: m, Target: target}
	}
	for name, tc := range map[string]struct {
		own    string
		asked  Asked
		metric *v1alpha1.ScalingMetric
		want   string
	}{
		"nothing":                             {"", Asked{}, nil, ""},
		"a floor":                             {"", Asked{Floors: day}, nil, "min-scale=5"},
		"a floor, written the old way before": {"minScale=2", Asked{Floors: day}, nil, "min-scale=5"},
		"a floor that it has itself":          {"min-scale=5", Asked{Floors: day}, nil, ""},
		"a floor and a max":                   {"max-scale=3", Asked{Floors: day, Max: n(7)}, nil, "max-scale=7 min-scale=5"},
		"a floor above its own max":           {"max-scale=3", Asked{Floors: day}, nil, "min-scale=3"},
		"a floor above activation-scale":      {"activation-scale=3", Asked{Floors: day}, nil, "activation-scale=5 min-scale=5"},
		"a floor below activation-scale":      {"activation-scale=8", Asked{Floors: day}, nil, "min-scale=5"},
		"a max below activation-scale":        {"activation-scale=8", Asked{Max: n(4)}, nil, "activation-scale=4 max-scale=4"},
		"a max of 1 and activation-scale":     {"activation-scale=8", Asked{Max: n(1)}, nil, "activation-scale=- max-scale=1"},
		"concurrency":                         {"", Asked{}, metric(v1alpha1.Concurrency, 10), "target=10"},
		"concurrency in the place of rps":     {"metric=rps target=200", Asked{}, metric(v1alpha1.Concurrency, 10), "metric=concurrency target=10"},
		"rps":                                 {"", Asked{}, metric(v1alpha1.RPS, 200), "metric=rps target=200"},
		"cpu":                                 {"class=" + autoscaling.HPA, Asked{}, metric(v1alpha1.CPU, 70), "target=70"},
		"memory":                              {"class=" + autoscaling.HPA, Asked{Floors: day}, metric(v1alpha1.Memory, 512), "metric=memory min-scale=5 target=512"},
	} {
		t.Run(name, func(t *testing.T) {
			own := map[string]string{}
			for pair := range strings.FieldsSeq(tc.own) {
				k, v, _ := strings.Cut(pair, "=")
				own[autoscaling.GroupName+"/"+k] = v
			}
			cluster := Cluster{Class: autoscaling.KPA}
			tc.asked.Own = cluster.BoundsOf(own)
			wanted := Annotations(own, Decide(tc.asked), tc.asked.Own, tc.metric)
			change := Change(own, wanted)
			delete(change, Annotation)
			if got := line(change); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			after := apply(own, Change(own, wanted))
			if err := autoscaling.ValidateAnnotations(t.Context(), &autoscalerconfig.Config{PodAutoscalerClass: autoscaling.KPA}, after); err != nil {
				t.Errorf("Knative refuses %v: %v", after, err)
			}
			back := Change(after, nil)
			Settle(back, cluster.ClassOf(own))
			restored := apply(after, back)
			if own[autoscaling.MetricAnnotationKey] == "" { // a PodAutoscaler keeps its metric: it is told the default
				if m, ok := restored[autoscaling.MetricAnnotationKey]; ok && m != defaultMetric(cluster.ClassOf(own)) {
					t.Errorf("the metric is %s when the policy is gone", m)
				}
				delete(restored, autoscaling.MetricAnnotationKey)
			}
			if !maps.Equal(restored, own) {
				t.Errorf("given back: %v, want %v", restored, own)
			}
		})
	}
}

// TestCluster: where a Revision says nothing, config-autoscaler counts.
func TestCluster(t *testing.T) {
	c := Cluster{Bounds: Bounds{Min: 2, Max: 9}, Limit: 20, Class: autoscaling.HPA}
	if got := c.BoundsOf(nil); got != c.Bounds {
		t.Errorf("%+v", got)
	}
	said := map[string]string{autoscaling.MinScaleAnnotationKey: "0", autoscaling.GroupName + "/maxScale": "4", autoscaling.ClassAnnotationKey: autoscaling.KPA}
	if got := c.BoundsOf(said); got != (Bounds{0, 4}) {
		t.Errorf("%+v", got)
	}
	if c.ClassOf(nil) != autoscaling.HPA || c.ClassOf(said) != autoscaling.KPA {
		t.Error("classes")
	}
}

// TestDifferences is what a PodAutoscaler is told that does not follow its Revision by itself.
func TestDifferences(t *testing.T) {
	g := autoscaling.GroupName + "/"
	for name, tc := range map[string]struct{ copied, original, change, want string }{
		"nothing new":         {"min-scale=1 metric=concurrency", "min-scale=1", "", ""},
		"a floor":             {"min-scale=1 metric=concurrency", "min-scale=1", "min-scale=5", "min-scale=5"},
		"written, not copied": {"metric=concurrency", "min-scale=5", "", "min-scale=5"},
		"a floor ends":        {"min-scale=5 metric=concurrency", "min-scale=5", "min-scale=-", "min-scale=-"},
		"others' annotations": {"window=60s metric=rps", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(text string) map[string]*string {
				out := map[string]*string{}
				for pair := range strings.FieldsSeq(text) {
					k, v, _ := strings.Cut(pair, "=")
					out[g+k] = &v
					if v == "-" {
						out[g+k] = nil
					}
				}
				return out
			}
			got := Differences(apply(nil, read(tc.copied)), apply(nil, read(tc.original)), read(tc.change))
			if line(got) != tc.want {
				t.Errorf("got %q, want %q", line(got), tc.want)
			}
		})
	}
}

func line(change map[string]*string) string {
	var out []string
	for k, v := range change {
		value := "-"
		if v != nil {
			value = *v
		}
		out = append(out, fmt.Sprintf("%s=%s", strings.TrimPrefix(k, autoscaling.GroupName+"/"), value))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
