package sidecar

import "fmt"

// Reason says in one word why a Pod gets no queue-proxy: fit for the reason of an Event and the label of a metric.
type Reason string

// Reasons of a skip: nobody is to do anything about it.
const (
	NotAsked    Reason = "NotAsked"    // neither the Pod nor its namespace asks
	KnativePod  Reason = "KnativePod"  // it is Knative's own, with a queue-proxy of its own
	MirrorPod   Reason = "MirrorPod"   // a copy of what a kubelet runs from a file
	OptedOut    Reason = "OptedOut"    // the Pod says no
	NamespaceNo Reason = "NamespaceNo" // the namespace says no, and the Pod nothing
)

// Reasons of a refusal: it was asked for, and cannot be.
const (
	AmbiguousPort Reason = "AmbiguousPort" // several ports could be the one for requests
	BadValue      Reason = "BadValue"      // an annotation or a label says what cannot be
	HostNetwork   Reason = "HostNetwork"   // Pods of a node would share the queue-proxy's ports
	InternalTLS   Reason = "InternalTLS"   // Knative encrypts its own traffic, with certificates that only Revisions have
	KnativeFailed Reason = "KnativeFailed" // Knative's own code gave an error
	LabelTaken    Reason = "LabelTaken"    // a label of the autoscaler has another value
	NameTaken     Reason = "NameTaken"     // a container, a volume or a port has a name of the queue-proxy's
	NoName        Reason = "NoName"        // there is no name for the PodAutoscaler, or one that it cannot have
	NoPort        Reason = "NoPort"        // no port is known to get requests
	OwnPreStop    Reason = "OwnPreStop"    // the container has a preStop hook where the drain belongs
	PortTaken     Reason = "PortTaken"     // a port of the queue-proxy's is in use
	RunsToEnd     Reason = "RunsToEnd"     // the Pod ends by itself, which queue-proxy never does
	Windows       Reason = "Windows"       // the queue-proxy is for Linux
)

// IsSkip says that nothing is wrong, and nothing is to be done.
func (r Reason) IsSkip() bool {
	switch r {
	case NotAsked, KnativePod, MirrorPod, OptedOut, NamespaceNo:
		return true
	default:
		return false
	}
}

// Refusal says why a Pod gets no queue-proxy: what was seen, what is allowed, and the way out.
type Refusal struct {
	Reason Reason
	// Observed, Allowed and WayOut are sentences for a person.
	Observed, Allowed, WayOut string
}

func (r *Refusal) String() string {
	return fmt.Sprintf("%s: %s %s %s", r.Reason, r.Observed, r.Allowed, r.WayOut)
}
