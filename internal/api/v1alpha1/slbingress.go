package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SLBIngress binds an Alibaba Cloud load balancer to the cluster: requests that come in at its listeners go straight to the Pods of
// each Revision, in the percentages of the split. Terraform owns the load balancer, its listeners and certificates; the guard owns
// rules in a range of priorities, server groups and servers.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=slbi,categories=knative
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.loadBalancerType`
// +kubebuilder:printcolumn:name="Load Balancer",type=string,JSONPath=`.spec.loadBalancerID`
// +kubebuilder:printcolumn:name="Address",type=string,JSONPath=`.spec.address`
// +kubebuilder:printcolumn:name="Hosts",type=integer,JSONPath=`.status.hosts`,description="How many hosts it serves"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type SLBIngress struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// The load balancer, and what may be served through it.
	Spec SLBIngressSpec `json:"spec"`
	// What the guard has made of it. Written by the guard only.
	// +optional
	Status SLBIngressStatus `json:"status,omitempty"`
}

// SLBIngressList is a list of SLBIngresses.
//
// +kubebuilder:object:root=true
type SLBIngressList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SLBIngress `json:"items"`
}

// LoadBalancerType is which of Alibaba Cloud's load balancers.
//
// +kubebuilder:validation:Enum=ALB;CLB
type LoadBalancerType string

const (
	// ALB weights server groups, so splits are exact.
	ALB LoadBalancerType = "ALB"
	// CLB weights servers only; the split that it achieves is in the status.
	CLB LoadBalancerType = "CLB"
)

// SLBIngressSpec is the load balancer, and what may be served through it.
//
// +kubebuilder:validation:XValidation:rule="!has(self.priorities) || self.priorities.from <= self.priorities.to",message="priorities.from must not be larger than priorities.to"
type SLBIngressSpec struct {
	// ALB or CLB.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the type of load balancer cannot change"
	LoadBalancerType LoadBalancerType `json:"loadBalancerType"`
	// Its ID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the load balancer cannot change: make another SLBIngress"
	LoadBalancerID string `json:"loadBalancerID"`
	// Its region; the guard's own where it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Region string `json:"region,omitempty"`
	// The VPC that server groups are made in. An ALB's own where it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	VPCID string `json:"vpcID,omitempty"`
	// What Routes show as its address: its DNS name (ALB) or IP (CLB).
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Address string `json:"address,omitempty"`
	// The listeners that rules are written on.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Listeners []SLBListener `json:"listeners"`
	// Namespaces whose Services may be served. Left out, all of them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Namespaces []string `json:"namespaces,omitempty"`
	// Hosts that may be served: shop.example.com, or *.example.com for one or more labels before it. Left out, all of them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=253
	Hosts []string `json:"hosts,omitempty"`
	// The rule priorities of an ALB listener that are the guard's. 1–10000 where it is left out.
	// +optional
	Priorities *PriorityRange `json:"priorities,omitempty"`
	// Serve what no other SLBIngress names by host or namespace.
	// +optional
	Default bool `json:"default,omitempty"`
}

// SLBListener is a listener that Terraform made.
type SLBListener struct {
	// Its ID, of an ALB listener.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	ID string `json:"id,omitempty"`
	// Its port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
	// HTTP or HTTPS.
	// +kubebuilder:validation:Enum=HTTP;HTTPS
	Protocol string `json:"protocol"`
	// Public serves external hosts, ClusterLocal those that are for the cluster alone.
	// +optional
	// +kubebuilder:default=Public
	// +kubebuilder:validation:Enum=Public;ClusterLocal
	Visibility string `json:"visibility,omitempty"`
}

// PriorityRange is a range of rule priorities, both ends included.
type PriorityRange struct {
	// The first.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	From int32 `json:"from"`
	// The last.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	To int32 `json:"to"`
}

// SLBFinalizer keeps an SLBIngress until the guard has taken its rules and server groups away.
const SLBFinalizer = "knative-provider.dev/slb"

// GuardLabel names, on an SLBIngress, the namespace of the guard that carries it out. Without it, any guard does that is installed for
// the cluster (slb.enabled in the chart), so there should be one of them only.
const GuardLabel = "knative-provider.dev/guard"

// SLBIngressStatus is what the guard has made of a load balancer.
type SLBIngressStatus struct {
	// The generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// How many hosts it serves.
	// +optional
	Hosts int32 `json:"hosts"`
	// How many rules, server groups and servers the guard has on it.
	// +optional
	Rules int32 `json:"rules"`
	// Server groups.
	// +optional
	ServerGroups int32 `json:"serverGroups"`
	// Servers.
	// +optional
	Servers int32 `json:"servers"`
	// Hosts that are left out, each with why: a quota, or another SLBIngress or KIngress that has it.
	// +optional
	// +listType=map
	// +listMapKey=host
	LeftOut []LeftOutHost `json:"leftOut,omitempty"`
	// Splits that a CLB cannot reach exactly.
	// +optional
	// +listType=atomic
	Splits []AchievedSplit `json:"splits,omitempty"`
	// Certificates of Secrets that the guard has uploaded, for HTTPS listeners: to SSL Certificates Service for an ALB, else to CLB.
	// +optional
	// +listType=map
	// +listMapKey=id
	Certificates []UploadedCertificate `json:"certificates,omitempty"`
	// Ready says whether all is served, and if not, why.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// UploadedCertificate is a certificate that the guard has uploaded.
type UploadedCertificate struct {
	// Its ID, as listeners have it.
	ID string `json:"id"`
	// Whose it is, as namespace/name of the Secret; left out where it is about to be deleted.
	// +optional
	Secret string `json:"secret,omitempty"`
}

// LeftOutHost is a host that is not served.
type LeftOutHost struct {
	// The host.
	Host string `json:"host"`
	// Whose it is, as namespace/name of the KIngress.
	Ingress string `json:"ingress"`
	// Why, and what to do.
	Reason string `json:"reason"`
}

// AchievedSplit is what a CLB makes of a split, in hundredths of a percent.
type AchievedSplit struct {
	// The host.
	Host string `json:"host"`
	// The server group's share that was asked for and that is reached, by Revision: "hello-v1 70.00→69.70".
	// +listType=atomic
	Shares []string `json:"shares"`
}
