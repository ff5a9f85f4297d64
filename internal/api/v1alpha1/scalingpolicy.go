package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScalingPolicy says how many Pods a Knative Service or a plain Deployment has: bounds, the metric that Knative or an HPA scales by,
// and floors beside it from schedules, events in flight and plugins. The result is the larger of the metric and of all floors, and
// never more than max. Knative's own autoscaler does the metric side; without the guard, scaling by it goes on.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=scpol,categories=knative
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.status.target`
// +kubebuilder:printcolumn:name="Floor",type=integer,JSONPath=`.status.floor`,description="The floor that holds now"
// +kubebuilder:printcolumn:name="From",type=string,JSONPath=`.status.floorFrom`,description="Where the floor comes from"
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.max`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.transitions[0].at`,description="When the schedule's floor changes next"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ScalingPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What the policy asks for.
	Spec ScalingPolicySpec `json:"spec"`
	// What the guard makes of it. Written by the guard only.
	// +optional
	Status ScalingPolicyStatus `json:"status,omitempty"`
}

// ScalingPolicyList is a list of ScalingPolicies.
//
// +kubebuilder:object:root=true
type ScalingPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScalingPolicy `json:"items"`
}

// ScalingPolicySpec is what a policy asks for.
//
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.max == 0 || self.min <= self.max",message="min must not be larger than max"
// +kubebuilder:validation:XValidation:rule="self.target.kind == 'Service' || !has(self.metric) || !(self.metric.type in ['cpu', 'memory']) || has(self.max) && self.max > 0",message="cpu and memory of a Deployment need max: an HPA has one"
// +kubebuilder:validation:XValidation:rule="!has(self.event) || self.target.kind == 'Service'",message="events go to a Knative Service"
type ScalingPolicySpec struct {
	// Whose Pods the policy counts. One policy a target.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the target cannot change: make another policy"
	Target ScalingTarget `json:"target"`
	// The floor at all times, in the place of what the target itself asks for; left out, that counts. A plain Deployment that is
	// scaled by its replicas alone (no metric) keeps those that others gave it, where they are more.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Min *int32 `json:"min,omitempty"`
	// The most Pods, whatever floors ask for. Left out, what the target itself asks for; 0 is no limit. It is needed for cpu and memory
	// of a plain Deployment: an HPA has one. With no metric on a plain Deployment it bounds the floors only: Pods that others asked
	// for are never taken away.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Max *int32 `json:"max,omitempty"`
	// What Knative's autoscaler, or an HPA, scales by; left out, what the target itself asks for.
	// +optional
	Metric *ScalingMetric `json:"metric,omitempty"`
	// Windows of time with a floor. Where several hold at once, the largest counts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Schedules []ScalingSchedule `json:"schedules,omitempty"`
	// As many Pods as events in flight, each event alone in its Pod.
	// +optional
	Event *EventScaling `json:"event,omitempty"`
	// Metrics of others: scalers that speak KEDA's external scaler protocol, and Prometheus queries.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Plugins []ScalingPlugin `json:"plugins,omitempty"`
	// Let go of the target, as if the policy were not there, until it is false again: it has its own bounds meanwhile.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// Work everything out and show it in the status, and write nothing on the target.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
}

// TargetKind is what a policy scales.
//
// +kubebuilder:validation:Enum=Service;Deployment
type TargetKind string

const (
	// TargetService is a Knative Service; its live Revisions are scaled.
	TargetService TargetKind = "Service"
	// TargetDeployment is a plain Deployment.
	TargetDeployment TargetKind = "Deployment"
)

// ScalingTarget names a Knative Service (serving.knative.dev) or a plain Deployment (apps) of the policy's namespace.
type ScalingTarget struct {
	// Service: a Knative Service, whose live Revisions (those with traffic or a tag, and the newest one) each get the floor. Deployment: a
	// plain one, of apps/v1. By cpu and memory it gets an HPA of the policy's name; by concurrency and rps the PodAutoscaler of its
	// queue-proxies gets the bounds, and 1 Pod at least; with no metric its replicas are raised to the floor, and are what others last
	// set when the floor ends.
	Kind TargetKind `json:"kind"`
	// Its name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// MetricType is what is measured.
//
// +kubebuilder:validation:Enum=concurrency;rps;cpu;memory
type MetricType string

const (
	// Concurrency is requests at once, by Knative's autoscaler (KPA).
	Concurrency MetricType = "concurrency"
	// RPS is requests a second, by Knative's autoscaler (KPA).
	RPS MetricType = "rps"
	// CPU is a percentage of the CPU that Pods request, by an HPA.
	CPU MetricType = "cpu"
	// Memory is MiB a Pod on a Knative Service, and a percentage of what Pods request on a plain Deployment, by an HPA.
	Memory MetricType = "memory"
)

// ScalingMetric is what is scaled by.
type ScalingMetric struct {
	// concurrency and rps: Knative's autoscaler, the KPA; on a plain Deployment its Pods get a queue-proxy. cpu and memory: an HPA.
	Type MetricType `json:"type"`
	// How much of it a Pod should have: requests at once, requests a second, percent of the CPU that it requests, or of memory MiB on
	// a Knative Service and percent of its request on a Deployment.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Target int32 `json:"target"`
}

// ScalingSchedule is a floor in windows of time: those that come back (start with end or duration), those that take place once
// (oneOffs), or both.
//
// +kubebuilder:validation:XValidation:rule="has(self.start) || has(self.oneOffs)",message="a schedule has a start, or oneOffs"
// +kubebuilder:validation:XValidation:rule="!has(self.start) || has(self.end) != has(self.duration)",message="a start has either an end or a duration"
// +kubebuilder:validation:XValidation:rule="has(self.start) || !has(self.end) && !has(self.duration)",message="an end and a duration belong to a start"
type ScalingSchedule struct {
	// What the window is called in status and Events.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// When it starts: minute, hour, day of month, month and day of week, as in crontab(5). "0 8 * * MON-FRI" is each weekday at 8:00.
	// +optional
	// +kubebuilder:validation:MinLength=6
	// +kubebuilder:validation:MaxLength=100
	Start string `json:"start,omitempty"`
	// When it ends, in the same form: at the first match after a start.
	// +optional
	// +kubebuilder:validation:MinLength=6
	// +kubebuilder:validation:MaxLength=100
	End string `json:"end,omitempty"`
	// How long it lasts, where it has no end: 10h, 90m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	Duration *metav1.Duration `json:"duration,omitempty"`
	// Whose clock: a name of the IANA data base, such as Asia/Shanghai. UTC where it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
	// The floor in the window.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Replicas int32 `json:"replicas"`
	// Days of the zone, as 2026-12-24, on which no window that comes back starts.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=366
	// +kubebuilder:validation:items:MaxLength=10
	ExcludedDates []string `json:"excludedDates,omitempty"`
	// Windows that take place once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=366
	OneOffs []OneOffWindow `json:"oneOffs,omitempty"`
	// How long before each start the floor holds already, so that Pods are Ready in time: 2m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	LeadTime *metav1.Duration `json:"leadTime,omitempty"`
}

// OneOffWindow takes place once, on the schedule's clock.
type OneOffWindow struct {
	// Its first moment on the schedule's clock: 2026-11-11T00:00.
	// +kubebuilder:validation:Pattern=`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$`
	Start string `json:"start"`
	// The first moment after it.
	// +kubebuilder:validation:Pattern=`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$`
	End string `json:"end"`
}

// EventScaling is the event gateway's part: events that come in at the policy's address get a Pod each.
type EventScaling struct {
	// How many events may wait beyond max, before more get a 503 with Retry-After. 1000 where it is left out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxQueue *int32 `json:"maxQueue,omitempty"`
	// How long an event may take, its wait for a Pod included. 10m where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// How long a Pod that is idle is kept for the next event. 30s where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	IdleTime *metav1.Duration `json:"idleTime,omitempty"`
}

// ScalingPlugin is a metric of somebody else's: ceil(value / target) Pods are a floor.
//
// +kubebuilder:validation:XValidation:rule="has(self.external) != has(self.prometheus)",message="a plugin is either external or prometheus"
// +kubebuilder:validation:XValidation:rule="has(self.external) || has(self.target)",message="a Prometheus query needs a target"
type ScalingPlugin struct {
	// What the plugin is called in status and Events.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// A scaler that speaks KEDA's external scaler protocol (externalscaler.proto).
	// +optional
	External *ExternalScaler `json:"external,omitempty"`
	// A Prometheus query.
	// +optional
	Prometheus *PrometheusScaler `json:"prometheus,omitempty"`
	// How much of the metric one Pod is for, as a Kubernetes quantity: 5, 0.5, 100k. An external scaler's own where it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Target string `json:"target,omitempty"`
	// How often it is asked. 15s where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	Interval *metav1.Duration `json:"interval,omitempty"`
	// How long an answer may take. 5s where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// How long the largest floor of the plugin holds after its value fell, so that it does not flap. 5m where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	Stabilization *metav1.Duration `json:"stabilization,omitempty"`
	// How long the last value counts while the plugin gives none. 5m where it is left out.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	KeepLast *metav1.Duration `json:"keepLast,omitempty"`
}

// ExternalScaler is a server of KEDA's external scaler protocol.
type ExternalScaler struct {
	// host:port of its gRPC server.
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=260
	Address string `json:"address"`
	// What it is given with each call, as scalerMetadata.
	// +optional
	Metadata map[string]string `json:"metadata,omitempty"`
	// Let the scaler say when it is active (StreamIsActive), beside being asked.
	// +optional
	Push bool `json:"push,omitempty"`
	// The name of a Secret of the policy's namespace with ca.crt, and tls.crt and tls.key for a client certificate. Without it the
	// connection is not encrypted.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	TLSSecret string `json:"tlsSecret,omitempty"`
}

// PrometheusScaler asks a Prometheus server.
type PrometheusScaler struct {
	// Its address: http://prometheus.monitoring:9090.
	// +kubebuilder:validation:Pattern=`^https?://.+`
	// +kubebuilder:validation:MaxLength=1024
	Address string `json:"address"`
	// A query with one number as its answer.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Query string `json:"query"`
}
