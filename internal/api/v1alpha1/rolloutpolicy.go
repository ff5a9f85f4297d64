package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RolloutPolicy says how traffic may move between the Revisions of Knative Services: how far in one step, how soon after the
// last, when not at all, and what must stay to go back to. Whoever changes a Service's traffic or its template is held to it.
// A rollback never is: a change that raises only the stable Revision, or the stable one before it, is always allowed.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rpol,categories=knative
// +kubebuilder:printcolumn:name="Enforcement",type=string,JSONPath=`.spec.enforcement`
// +kubebuilder:printcolumn:name="Max Step",type=integer,JSONPath=`.spec.maxStepPercent`,description="The largest forward step, in percent of all requests"
// +kubebuilder:printcolumn:name="Interval",type=string,JSONPath=`.spec.minStepInterval`,description="The shortest time between two forward steps"
// +kubebuilder:printcolumn:name="Bake",type=string,JSONPath=`.spec.bakeTime`,description="How long a Revision must run before it may have 100 %",priority=1
// +kubebuilder:printcolumn:name="Services",type=integer,JSONPath=`.status.services`,description="How many Services it governs"
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RolloutPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What the policy asks for.
	Spec RolloutPolicySpec `json:"spec"`
	// What the guard has seen of it. Written by the guard only.
	// +optional
	Status RolloutPolicyStatus `json:"status,omitempty"`
}

// RolloutPolicyList is a list of RolloutPolicies.
//
// +kubebuilder:object:root=true
type RolloutPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RolloutPolicy `json:"items"`
}

// Enforcement is what happens to a change that breaks a rule.
//
// +kubebuilder:validation:Enum=Enforce;Warn;Audit
type Enforcement string

const (
	// Enforce refuses the change.
	Enforce Enforcement = "Enforce"
	// Warn lets the change in, and tells the one who makes it.
	Warn Enforcement = "Warn"
	// Audit lets the change in, and writes it to the API server's audit log and to the policy's status.
	Audit Enforcement = "Audit"
)

// RolloutPolicySpec is one setting for each rule; a rule whose setting is left out does not apply. Where several policies govern
// one Service, each is held to by itself.
type RolloutPolicySpec struct {
	// Selects the Services of this namespace that the policy governs, by their labels. Left out or empty, it governs all of them:
	// so it is when whoever may change a Service must not be able to leave the policy with a label.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn', 'Exists', 'DoesNotExist'])",message="an operator is In, NotIn, Exists or DoesNotExist"
	Selector metav1.LabelSelector `json:"selector,omitempty"`
	// What happens to a change that breaks a rule: Enforce refuses it, Warn lets it in with a warning to whoever makes it, Audit
	// lets it in and writes it down.
	// +optional
	// +kubebuilder:default=Enforce
	Enforcement Enforcement `json:"enforcement,omitempty"`
	// Rule target-ready: a Revision that is not Ready gets no larger share of requests.
	// +optional
	RequireReady bool `json:"requireReady,omitempty"`
	// Rule max-step: how many percent of all requests one change may move to Revisions that are not stable. A changed template
	// under `latestRevision: true` counts as a step of the new Revision from 0.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxStepPercent *int32 `json:"maxStepPercent,omitempty"`
	// Rule step-interval: the shortest time between two forward steps, such as 10m or 1h30m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	MinStepInterval *metav1.Duration `json:"minStepInterval,omitempty"`
	// Rule bake: how long a Revision must have had a part of the requests before it may have all of them, such as 1h. A Revision
	// that then has all of them for as long is the stable one.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$`
	BakeTime *metav1.Duration `json:"bakeTime,omitempty"`
	// Rule freeze: windows of time in which no forward step is allowed.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Freeze []FreezeWindow `json:"freeze,omitempty"`
	// Rule keep-rollback-target: no forward step while there is no Ready stable Revision to go back to.
	// +optional
	KeepRollbackTarget bool `json:"keepRollbackTarget,omitempty"`
	// Rule no-return: a Revision that was rolled back from gets no requests again.
	// +optional
	NoReturn bool `json:"noReturn,omitempty"`
	// Rule deletion: the Services may not be deleted. Deleting their namespace is not held up.
	// +optional
	ProtectFromDeletion bool `json:"protectFromDeletion,omitempty"`
}

// FreezeWindow is a time in which nothing moves forward: one that comes back (schedule, duration and timeZone), or a single one
// (from and to).
//
// +kubebuilder:validation:XValidation:rule="has(self.schedule) != has(self.from)",message="a window has either a schedule with a duration, or from and to"
// +kubebuilder:validation:XValidation:rule="has(self.schedule) == has(self.duration)",message="a schedule has a duration, and only a schedule has one"
// +kubebuilder:validation:XValidation:rule="has(self.from) == has(self.to)",message="a window with from has to as well"
// +kubebuilder:validation:XValidation:rule="!has(self.timeZone) || has(self.schedule)",message="only a schedule has a timeZone; from and to name their offset themselves"
// +kubebuilder:validation:XValidation:rule="!has(self.from) || !has(self.to) || timestamp(self.from) < timestamp(self.to)",message="to must be later than from"
type FreezeWindow struct {
	// What the freeze is called in messages.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// When the window starts: minute, hour, day of month, month and day of week, as in crontab(5). "0 18 * * FRI" is every
	// Friday at 18:00.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	Schedule string `json:"schedule,omitempty"`
	// How long it lasts, from 1m to 8784h (366 days): 62h from Friday 18:00 is Monday 08:00, an hour off when clocks change in
	// between.
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
	// The first moment of a single window, with its offset: 2026-12-24T18:00:00+08:00.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$`
	From *metav1.Time `json:"from,omitempty"`
	// The first moment after a single window, with its offset.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$`
	To *metav1.Time `json:"to,omitempty"`
}

// RollbackTargetsKept is how many Revisions a policy's status names at most.
const RollbackTargetsKept = 2000

// ConditionAccepted is the condition of a RolloutPolicy whose spec the guard can decide by.
const ConditionAccepted = "Accepted"

// RolloutPolicyStatus is what the guard has seen of a policy.
type RolloutPolicyStatus struct {
	// The generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// How many Services the policy governs.
	// +optional
	Services int32 `json:"services"`
	// The Revisions of these Services that requests may always go back to: each stable one, and the stable one before it. Admission
	// goes by it while the guard is not there to be asked.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2000
	// +kubebuilder:validation:items:MaxLength=253
	RollbackTargets []string `json:"rollbackTargets,omitempty"`
	// The last changes that broke a rule of this policy, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	LastDecisions []PolicyDecision `json:"lastDecisions,omitempty"`
	// Accepted says whether the guard can decide by this policy, and if not, why.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// PolicyDecision is a change that broke a rule, and what became of it.
type PolicyDecision struct {
	// When the change was asked for.
	Time metav1.Time `json:"time"`
	// What became of it: Denied, Warned, Audited, or Bypassed by someone who may.
	// +kubebuilder:validation:Enum=Denied;Warned;Audited;Bypassed
	Verdict string `json:"verdict"`
	// Who asked for it.
	User string `json:"user"`
	// The Service, Route or Revision that was to change, as kind/name.
	Object string `json:"object"`
	// The rules that it broke.
	// +listType=atomic
	Rules []string `json:"rules"`
	// What was observed, what is allowed, and the way out; or the reason that was given for a bypass.
	Message string `json:"message"`
}
