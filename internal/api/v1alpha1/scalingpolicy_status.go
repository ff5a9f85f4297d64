package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ConditionReady is the condition of a ScalingPolicy that is carried out, and of an SLBIngress whose load balancer serves.
const ConditionReady = "Ready"

// ScalingPolicyStatus is what the guard makes of a policy.
type ScalingPolicyStatus struct {
	// The generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// What is scaled, as kind/name.
	// +optional
	Target string `json:"target,omitempty"`
	// The floor that holds now, max taken into account.
	// +optional
	Floor int32 `json:"floor"`
	// Where it comes from: min, target (what it asks for itself), schedule/NAME, event, plugin/NAME, reservation/NAME (the guard's own, for
	// a load balancer); that it was clamped by max is said as well.
	// +optional
	FloorFrom string `json:"floorFrom,omitempty"`
	// The floors that hold, each with where it comes from, the largest first.
	// +optional
	// +listType=atomic
	Floors []SourceFloor `json:"floors,omitempty"`
	// The Revisions, or the Deployment, that carry the floor.
	// +optional
	// +listType=atomic
	CarriedBy []string `json:"carriedBy,omitempty"`
	// The next changes of the schedules' floor, five at most.
	// +optional
	// +listType=atomic
	Transitions []ScheduleTransition `json:"transitions,omitempty"`
	// What plugins last said.
	// +optional
	// +listType=map
	// +listMapKey=name
	Plugins []PluginStatus `json:"plugins,omitempty"`
	// Where events are sent to.
	// +optional
	EventAddress string `json:"eventAddress,omitempty"`
	// Events in flight at each replica of the event gateway, which writes its own.
	// +optional
	// +listType=map
	// +listMapKey=name
	Gateways []GatewayStatus `json:"gateways,omitempty"`
	// Ready says whether the policy is carried out, and if not, why. True: CarriedOut, Suspended, DryRun. False: TargetMissing, NoRevision,
	// ClassDiffers, SecondPolicy, SecondOwner, NameTaken, NotInjected, NoPodAutoscaler, NoConfiguration, Invalid, Refused.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SourceFloor is what one source asks for.
type SourceFloor struct {
	// min, target, schedule/NAME, event, plugin/NAME or reservation/NAME.
	Source string `json:"source"`
	// How many Pods it asks for.
	Replicas int32 `json:"replicas"`
	// Until when, where that is known.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// ScheduleTransition is a moment at which the schedules' floor changes.
type ScheduleTransition struct {
	// When.
	At metav1.Time `json:"at"`
	// The schedules' floor from then on.
	Replicas int32 `json:"replicas"`
	// The windows that hold from then on.
	// +optional
	// +listType=atomic
	Active []string `json:"active,omitempty"`
}

// PluginStatus is what a plugin last said.
type PluginStatus struct {
	// The plugin.
	Name string `json:"name"`
	// Its last value.
	// +optional
	Value string `json:"value,omitempty"`
	// The floor that it asks for.
	// +optional
	Replicas int32 `json:"replicas"`
	// When it last answered.
	// +optional
	LastAnswer *metav1.Time `json:"lastAnswer,omitempty"`
	// Why it did not answer, or what is wrong with its answer; empty while all is well.
	// +optional
	Problem string `json:"problem,omitempty"`
}

// GatewayStatus is what one replica of the event gateway has in flight. An event that it has sent on to another replica is that one's.
type GatewayStatus struct {
	// The replica's Pod.
	Name string `json:"name"`
	// How many Pods it asks for: one for each event that it holds, in a Pod or waiting for one, and one for each that ended less than
	// idleTime ago.
	InFlight int32 `json:"inFlight"`
	// How many of them are of which Revision, where the target's traffic is split.
	// +optional
	// +listType=map
	// +listMapKey=name
	Revisions []GatewayRevision `json:"revisions,omitempty"`
	// When it last said so; it counts for 15 s.
	Renewed metav1.MicroTime `json:"renewed"`
}

// GatewayRevision is what is asked for of one Revision.
type GatewayRevision struct {
	// The Revision.
	Name string `json:"name"`
	// How many Pods of it.
	InFlight int32 `json:"inFlight"`
}
