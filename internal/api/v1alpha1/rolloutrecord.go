package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// RolloutRecord is the guard's memory of one Knative Service, under the Service's name. Only the guard writes it; the rules go by
// it, and not by anything that a user can write on the Service. It outlives its Service by FormerKept.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=rrec,categories=knative
// +kubebuilder:printcolumn:name="Stable",type=string,JSONPath=`.status.stable`
// +kubebuilder:printcolumn:name="Previous",type=string,JSONPath=`.status.previous`
// +kubebuilder:printcolumn:name="Last Step",type=date,JSONPath=`.status.lastStep`
// +kubebuilder:printcolumn:name="Rolled Back",type=string,JSONPath=`.status.rolledBack`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RolloutRecord struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What the guard remembers.
	// +optional
	Status RolloutRecordStatus `json:"status,omitempty"`
}

// RolloutRecordList is a list of RolloutRecords.
//
// +kubebuilder:object:root=true
type RolloutRecordList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RolloutRecord `json:"items"`
}

const (
	// FormerKept is how long a Service that is made anew is held to what its predecessor of the same name served.
	FormerKept = 24 * time.Hour
	// RecordKept is how many changes, and how many Revisions that were rolled back from, a record remembers.
	RecordKept = 20
)

// RolloutRecordStatus is what the guard remembers of a Service.
type RolloutRecordStatus struct {
	// The Service that this is about: one made anew under the same name has another.
	// +optional
	ServiceUID types.UID `json:"serviceUID,omitempty"`
	// The stable Revision: the last one that had 100 % while Ready for the bake time.
	// +optional
	Stable string `json:"stable,omitempty"`
	// A fingerprint of what the stable Revision runs.
	// +optional
	StableTemplate string `json:"stableTemplate,omitempty"`
	// The stable Revision before it.
	// +optional
	Previous string `json:"previous,omitempty"`
	// The Revisions that the guard keeps from Knative's garbage collection.
	// +optional
	// +listType=atomic
	Protected []string `json:"protected,omitempty"`
	// Revisions that were rolled back from, the last one first.
	// +optional
	// +listType=atomic
	RolledBack []string `json:"rolledBack,omitempty"`
	// When requests were last moved forward.
	// +optional
	LastStep *metav1.Time `json:"lastStep,omitempty"`
	// The split as it was last asked for, by Revision.
	// +optional
	// +listType=atomic
	Split []Share `json:"split,omitempty"`
	// What is served, by Revision, and since when.
	// +optional
	// +listType=atomic
	Serving []ServingRevision `json:"serving,omitempty"`
	// The Service of this name that was there before and was deleted.
	// +optional
	Former *FormerService `json:"former,omitempty"`
	// The last changes of the split, the newest first.
	// +optional
	// +listType=atomic
	History []SplitChange `json:"history,omitempty"`
}

// Share is the part of the requests that one Revision gets.
type Share struct {
	// The Revision.
	Revision string `json:"revision"`
	// Its share of requests, 0–100.
	Percent int64 `json:"percent"`
}

// ServingRevision is a Revision that gets requests.
type ServingRevision struct {
	Share `json:",inline"`
	// Since when it gets any without a break.
	Since metav1.Time `json:"since"`
	// Since when it gets all of them while Ready, without a break.
	// +optional
	WholeSince *metav1.Time `json:"wholeSince,omitempty"`
}

// FormerService is a Service that was deleted while it had a stable Revision.
type FormerService struct {
	// A fingerprint of what its stable Revision ran.
	Template string `json:"template"`
	// When it was found deleted.
	Deleted metav1.Time `json:"deleted"`
}

// SplitChange is one change of a split.
type SplitChange struct {
	// When the guard saw it.
	Time metav1.Time `json:"time"`
	// Who made it, as Knative's webhook notes it on the Service.
	By string `json:"by"`
	// What it was: Forward, Rollback, or Other.
	// +kubebuilder:validation:Enum=Forward;Rollback;Other
	Kind string `json:"kind"`
	// The split before; none before the first.
	// +optional
	// +listType=atomic
	From []Share `json:"from,omitempty"`
	// The split after.
	// +optional
	// +listType=atomic
	To []Share `json:"to,omitempty"`
	// The reason for a bypass that the Service carried, whether or not one was needed; the policy has what was bypassed.
	// +optional
	Bypass string `json:"bypass,omitempty"`
}
