package scaling

import (
	"strconv"

	"knative.dev/serving/pkg/apis/autoscaling"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Cluster is what Knative's ConfigMap config-autoscaler says of targets that say nothing themselves.
type Cluster struct {
	// Min and Max are the bounds where there is no annotation.
	Bounds
	// Limit is the largest max-scale that Knative takes; 0 where it takes any.
	Limit int32
	// Class is the autoscaler's class where there is no annotation.
	Class string
}

// BoundsOf are the bounds of a Revision or a PodAutoscaler with these annotations.
func (c Cluster) BoundsOf(annotations map[string]string) Bounds {
	b := c.Bounds
	if _, text, ok := autoscaling.MinScaleAnnotation.Get(annotations); ok {
		b.Min = number(text)
	}
	if _, text, ok := autoscaling.MaxScaleAnnotation.Get(annotations); ok {
		b.Max = number(text)
	}
	return b
}

// ClassOf is the autoscaler's class of a Revision or a PodAutoscaler with these annotations.
func (c Cluster) ClassOf(annotations map[string]string) string {
	if _, class, ok := autoscaling.ClassAnnotation.Get(annotations); ok {
		return class
	}
	return c.Class
}

// ClassFor is the class whose autoscaler scales by a metric.
func ClassFor(m v1alpha1.MetricType) string {
	if m == v1alpha1.CPU || m == v1alpha1.Memory {
		return autoscaling.HPA
	}
	return autoscaling.KPA
}

// Annotations are what a decision wants on a Revision or a PodAutoscaler that has annotations of its own. A metric is to be one of
// its class.
func Annotations(own map[string]string, d Decision, b Bounds, m *v1alpha1.ScalingMetric) map[string]*string {
	out := map[string]*string{}
	if d.Min != nil {
		out[autoscaling.MinScaleAnnotationKey] = text(*d.Min)
		b.Min = *d.Min
	}
	if d.Max != nil {
		out[autoscaling.MaxScaleAnnotationKey] = text(*d.Max)
		b.Max = *d.Max
	}
	if len(out) > 0 {
		activation(out, own, b)
	}
	if m == nil {
		return out
	}
	out[autoscaling.TargetAnnotationKey] = text(m.Target)
	if _, metric, ok := autoscaling.MetricAnnotation.Get(own); ok && metric != string(m.Type) || !ok && string(m.Type) != defaultMetric(ClassFor(m.Type)) {
		metric := string(m.Type)
		out[autoscaling.MetricAnnotationKey] = &metric
	}
	return out
}

// activation keeps activation-scale, how many Pods there are at least where there are any, between the bounds: Knative refuses
// others. It has to be 2 or more, or not there.
func activation(out map[string]*string, own map[string]string, b Bounds) {
	key, before, ok := autoscaling.ActivationScale.Get(own)
	if !ok {
		return
	}
	n := max(number(before), b.Min)
	if b.Max > 0 {
		n = min(n, b.Max)
	}
	out[key] = nil
	if n >= 2 {
		out[key] = text(n)
	}
}

// Settle makes a change of annotations one that reaches the PodAutoscaler: of a metric that goes, it keeps the last.
//
// Source: knative.dev/serving v0.50.0, pkg/reconciler/revision/reconcile_resources.go, syncAnnotationsForKPA.
func Settle(change map[string]*string, class string) {
	if next, ok := change[autoscaling.MetricAnnotationKey]; ok && next == nil {
		metric := defaultMetric(class)
		change[autoscaling.MetricAnnotationKey] = &metric
	}
}

func defaultMetric(class string) string {
	if class == autoscaling.HPA {
		return autoscaling.CPU
	}
	return autoscaling.Concurrency
}

// number reads a bound. Knative's webhook lets none through that is no number; there, 0 is as good as any.
func number(text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0
	}
	return int32(max(n, 0))
}

func text(n int32) *string {
	t := strconv.Itoa(int(n))
	return &t
}
