package v1alpha1

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

const (
	// maxReplicas is the schema's: a floor above it is a mistake.
	maxReplicas = 10_000
	// shortest is the shortest interval and timeout of a plugin or an event.
	shortest = time.Second
)

// Validate finds what the CRD's schema cannot: schedules that cannot be read or never fire, with the column of the expression, zones
// that are none, metrics that do not go with a target, quantities that are none. It repeats what the schema does check and a decision
// relies on, for whoever has only the values: Terraform at plan.
func (s *ScalingPolicySpec) Validate() field.ErrorList {
	spec := field.NewPath("spec")
	var errs field.ErrorList
	switch s.Target.Kind {
	case TargetService, TargetDeployment:
	default:
		errs = append(errs, field.NotSupported(spec.Child("target", "kind"), s.Target.Kind, []TargetKind{TargetService, TargetDeployment}))
	}
	if s.Target.Name == "" {
		errs = append(errs, field.Required(spec.Child("target", "name"), "a policy scales one Service or Deployment of its namespace"))
	}
	errs = append(errs, s.validateBounds(spec)...)
	errs = append(errs, s.validateMetric(spec)...)
	errs = append(errs, s.validateSchedules(spec.Child("schedules"))...)
	errs = append(errs, s.validateEvent(spec.Child("event"))...)
	names := map[string]bool{}
	for i := range s.Plugins {
		p, path := &s.Plugins[i], spec.Child("plugins").Index(i)
		switch {
		case p.Name == "":
			errs = append(errs, field.Required(path.Child("name"), "status and Events tell plugins apart by their names"))
		case names[p.Name]:
			errs = append(errs, field.Duplicate(path.Child("name"), p.Name))
		}
		names[p.Name] = true
		errs = append(errs, p.validate(path)...)
	}
	return errs
}

func (s *ScalingPolicySpec) validateBounds(spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, replicas(spec.Child("min"), s.Min)...)
	errs = append(errs, replicas(spec.Child("max"), s.Max)...)
	if s.Min != nil && s.Max != nil && *s.Max > 0 && *s.Min > *s.Max {
		errs = append(errs, field.Invalid(spec.Child("min"), *s.Min, fmt.Sprintf("min must not be larger than max, %d", *s.Max)))
	}
	return errs
}

func replicas(path *field.Path, n *int32) field.ErrorList {
	if n == nil || *n >= 0 && *n <= maxReplicas {
		return nil
	}
	return field.ErrorList{field.Invalid(path, *n, fmt.Sprintf("it can be from 0 to %d", maxReplicas))}
}

// validateMetric holds a metric to its target:
//
//	target       metric              needs
//	Service      concurrency, rps    –; with events: concurrency 1
//	Service      cpu, memory         no events: only Knative's autoscaler hands them out one to a Pod
//	Deployment   cpu, memory         max, for an HPA has one
//	Deployment   concurrency, rps    min of 1 or more, where it is set: nothing would wake it from 0
func (s *ScalingPolicySpec) validateMetric(spec *field.Path) field.ErrorList {
	if s.Metric == nil {
		return nil
	}
	path, onHPA := spec.Child("metric"), s.Metric.Type == CPU || s.Metric.Type == Memory
	switch s.Metric.Type {
	case Concurrency, RPS, CPU, Memory:
	default:
		return field.ErrorList{field.NotSupported(path.Child("type"), s.Metric.Type, []MetricType{Concurrency, RPS, CPU, Memory})}
	}
	switch deployment := s.Target.Kind == TargetDeployment; {
	case s.Metric.Target < 1 || s.Metric.Target > 1_000_000:
		return field.ErrorList{field.Invalid(path.Child("target"), s.Metric.Target, "it can be from 1 to 1000000")}
	case s.Event != nil && (s.Metric.Type != Concurrency || s.Metric.Target != 1):
		return field.ErrorList{field.Invalid(path, string(s.Metric.Type), "events are handed out one to a Pod, by concurrency with a target of 1: leave the metric out, or the events")}
	case deployment && onHPA && (s.Max == nil || *s.Max == 0):
		return field.ErrorList{field.Required(spec.Child("max"), fmt.Sprintf("%s on a Deployment is scaled by an HPA, which has a max: say how many Pods at most", s.Metric.Type))}
	case deployment && !onHPA && s.Min != nil && *s.Min == 0:
		return field.ErrorList{field.Invalid(spec.Child("min"), *s.Min, fmt.Sprintf("%s on a plain Deployment has 1 Pod at least: Knative's activator, which would wake it, knows only Services. Write 1 or more, or leave it out", s.Metric.Type))}
	}
	return nil
}

func (s *ScalingPolicySpec) validateSchedules(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range s.Schedules {
		if n := &s.Schedules[i].Replicas; *n >= 0 { // compiling finds those below
			errs = append(errs, replicas(path.Index(i).Child("replicas"), n)...)
		}
	}
	_, problems := schedule.Compile(s.Windows())
	for _, p := range problems {
		errs = append(errs, &field.Error{Type: field.ErrorTypeInvalid, Field: path.String() + p.Path, BadValue: field.OmitValueType{}, Detail: p.Observed + " " + p.Allowed + " " + p.WayOut})
	}
	return errs
}

// Windows are the schedules as package schedule has them.
func (s *ScalingPolicySpec) Windows() []schedule.Window {
	out := make([]schedule.Window, len(s.Schedules))
	for i, w := range s.Schedules {
		out[i] = schedule.Window{
			Name: w.Name, Start: w.Start, End: w.End, Duration: duration(w.Duration), TimeZone: w.TimeZone, Replicas: w.Replicas,
			ExcludedDates: w.ExcludedDates, LeadTime: duration(w.LeadTime),
		}
		for _, o := range w.OneOffs {
			out[i].OneOffs = append(out[i].OneOffs, schedule.OneOff{Start: o.Start, End: o.End})
		}
	}
	return out
}

func duration(d *metav1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}

func (s *ScalingPolicySpec) validateEvent(path *field.Path) field.ErrorList {
	e := s.Event
	if e == nil {
		return nil
	}
	var errs field.ErrorList
	if s.Target.Kind == TargetDeployment {
		errs = append(errs, field.Forbidden(path, "events go to a Knative Service: its activator hands them out one to a Pod"))
	}
	if e.MaxQueue != nil && (*e.MaxQueue < 0 || *e.MaxQueue > 100_000) {
		errs = append(errs, field.Invalid(path.Child("maxQueue"), *e.MaxQueue, "it can be from 0 to 100000"))
	}
	errs = append(errs, atLeast(path.Child("timeout"), e.Timeout, shortest)...)
	return append(errs, atLeast(path.Child("idleTime"), e.IdleTime, 0)...)
}

func (p *ScalingPlugin) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case (p.External != nil) == (p.Prometheus != nil):
		errs = append(errs, field.Invalid(path, p.Name, "a plugin is either external or prometheus"))
	case p.External != nil:
		if host, port, err := net.SplitHostPort(p.External.Address); err != nil || host == "" || port == "" {
			errs = append(errs, field.Invalid(path.Child("external", "address"), p.External.Address, "it is host:port of a gRPC server, such as queue-length.scalers:9090"))
		}
	default:
		errs = append(errs, p.Prometheus.validate(path.Child("prometheus"))...)
	}
	switch q, err := resource.ParseQuantity(p.Target); {
	case p.Target == "" && p.Prometheus != nil:
		errs = append(errs, field.Required(path.Child("target"), "say how much of the query's value one Pod is for"))
	case p.Target != "" && (err != nil || q.Sign() <= 0):
		errs = append(errs, field.Invalid(path.Child("target"), p.Target, "it is a quantity above 0, such as 5, 0.5 or 100k"))
	}
	errs = append(errs, atLeast(path.Child("interval"), p.Interval, shortest)...)
	errs = append(errs, atLeast(path.Child("timeout"), p.Timeout, shortest)...)
	errs = append(errs, atLeast(path.Child("stabilization"), p.Stabilization, 0)...)
	return append(errs, atLeast(path.Child("keepLast"), p.KeepLast, 0)...)
}

func (p *PrometheusScaler) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if u, err := url.Parse(p.Address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, field.Invalid(path.Child("address"), p.Address, "it is the address of a Prometheus server, such as http://prometheus.monitoring:9090"))
	}
	if p.Query == "" {
		errs = append(errs, field.Required(path.Child("query"), "a query has one number as its answer"))
	}
	return errs
}

func atLeast(path *field.Path, d *metav1.Duration, least time.Duration) field.ErrorList {
	if d == nil || d.Duration >= least {
		return nil
	}
	return field.ErrorList{field.Invalid(path, d.Duration.String(), fmt.Sprintf("it cannot be shorter than %s", least))}
}
