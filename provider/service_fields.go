package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"knative.dev/serving/pkg/apis/autoscaling"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
)

//go:generate go run ../internal/fields/generate -out service_fields_gen.go

// serviceField is a Service as it is applied. The API's levels metadata and spec are left out; all other names are the
// API's in snake_case.
var serviceField = fields.Compile(fields.Field{Kind: fields.Object, Fields: []fields.Field{
	{Key: "metadata", Kind: fields.Object, Fields: []fields.Field{
		{Name: "labels", Key: "labels", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Labels of the Service. Labels that others set are left alone."},
		{Name: "annotations", Key: "annotations", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Annotations of the Service. Annotations that others set are left alone."},
	}},
	{Key: "spec", Kind: fields.Object, Fields: []fields.Field{
		{Name: "template", Key: "template", Kind: fields.Object, Required: true, Fields: templateFields,
			Doc: "What the Service runs. A change of anything in it makes a new Revision."},
		{Name: "traffic", Key: "traffic", Kind: fields.List, Elem: &fields.Field{Kind: fields.Object, Fields: trafficTargetFields},
			Doc: "How requests are split over Revisions. Leave it out where a `knative_traffic_split` owns the split, or for Knative's default of all to the latest Ready Revision."},
	}},
}})

var templateFields = []fields.Field{
	{Key: "metadata", Kind: fields.Object, Fields: []fields.Field{
		{Name: "name", Key: "name", Doc: "The Revision's name, which begins with the Service's name and `-`. Each change of the template then needs another one. Default: Knative names it."},
		{Name: "labels", Key: "labels", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Labels of the Revision."},
		{Name: "annotations", Key: "annotations", Kind: fields.Map, Elem: &fields.Field{}, Doc: "Annotations of the Revision. For autoscaling see `scaling`."},
		{Name: "scaling", Key: "annotations", Kind: fields.Object, Fields: scalingFields, Doc: "How the Revision scales: Knative's autoscaling annotations, typed."},
	}},
	{Key: "spec", Kind: fields.Object, Fields: revisionSpecFields},
}

// scalingFields are the autoscaling annotations, with the bounds that Knative checks.
// Source: knative.dev/serving v0.50.0, pkg/apis/autoscaling/register.go and annotation_validation.go.
var scalingFields = []fields.Field{
	{Name: "class", Key: autoscaling.ClassAnnotationKey, Doc: "Who scales: `" + autoscaling.KPA + "` (Knative; the default), `" + autoscaling.HPA + "` (Kubernetes), or a class of your own."},
	{Name: "metric", Key: autoscaling.MetricAnnotationKey, Doc: "What is measured: `concurrency` (default) or `rps` with KPA; `cpu`, `memory` or a custom metric with HPA."},
	decimal("target", autoscaling.TargetAnnotationKey, "The value of the metric to hold per Pod: requests in flight, requests a second, percent of requested CPU, or MiB. At least 0.01.", float64validator.AtLeast(autoscaling.TargetMin)),
	decimal("target_utilization_percentage", autoscaling.TargetUtilizationPercentageKey, "How much of the target to use before scaling, in percent, 1–100.", float64validator.Between(1, 100)),
	whole("min_scale", autoscaling.MinScaleAnnotationKey, "The least number of Pods. 0 lets the Revision scale to zero.", int64validator.AtLeast(0)),
	whole("max_scale", autoscaling.MaxScaleAnnotationKey, "The greatest number of Pods. 0 is no limit.", int64validator.AtLeast(0)),
	whole("initial_scale", autoscaling.InitialScaleAnnotationKey, "The number of Pods that must be Ready before the Revision first is.", int64validator.AtLeast(0)),
	whole("activation_scale", autoscaling.ActivationScaleKey, "The number of Pods to start with when scaling from zero, at least 2.", int64validator.AtLeast(2)),
	period("scale_down_delay", autoscaling.ScaleDownDelayAnnotationKey, "How long to keep Pods after the load is gone, 0s–1h, for example `15m`."),
	period("scale_to_zero_pod_retention_period", autoscaling.ScaleToZeroPodRetentionPeriodKey, "How long the last Pod stays at least, for example `1m5s`."),
	period("window", autoscaling.WindowAnnotationKey, "Over how long the metric is averaged, 6s–1h. KPA only."),
	decimal("panic_window_percentage", autoscaling.PanicWindowPercentageAnnotationKey, "The window of panic mode in percent of `window`, 1–100. KPA only.", float64validator.Between(autoscaling.PanicWindowPercentageMin, autoscaling.PanicWindowPercentageMax)),
	decimal("panic_threshold_percentage", autoscaling.PanicThresholdPercentageAnnotationKey, "From which percent of the target on panic mode begins, 110–1000. KPA only.", float64validator.Between(autoscaling.PanicThresholdPercentageMin, autoscaling.PanicThresholdPercentageMax)),
	decimal("target_burst_capacity", autoscaling.TargetBurstCapacityKey, "How large a burst is to be taken without queueing at the activator: -1 keeps the activator in the path always, 0 takes it out unless at zero. KPA only.", float64validator.AtLeast(-1)),
	{Name: "metric_aggregation_algorithm", Key: autoscaling.MetricAggregationAlgorithmKey, Doc: "`linear` (default) or `weighted-exponential`. KPA only.",
		Validators: []validator.String{stringvalidator.OneOf(autoscaling.MetricAggregationAlgorithmLinear, autoscaling.MetricAggregationAlgorithmWeightedExponential)}},
}

// templateField and trafficField are the parts of serviceField that are also handled alone.
var (
	templateField = &serviceField.Fields[1].Fields[0]
	trafficField  = &serviceField.Fields[1].Fields[1]
)

func whole(name, key, doc string, v ...validator.Int64) fields.Field {
	return fields.Field{Name: name, Key: key, Kind: fields.Int, AsText: true, Doc: doc, IntValidators: v}
}

func decimal(name, key, doc string, v ...validator.Float64) fields.Field {
	return fields.Field{Name: name, Key: key, Kind: fields.Float, AsText: true, Doc: doc, FloatValidators: v}
}

func period(name, key, doc string) fields.Field {
	return fields.Field{Name: name, Key: key, Kind: fields.Duration, Doc: doc}
}
