package rollout

import (
	"slices"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Finding is a violation and the policy whose rule it is; the policy is empty for a rule that is always on.
type Finding struct {
	Policy string
	Violation
}

// String says it all in one paragraph.
func (f Finding) String() string {
	if f.Policy == "" {
		return "rule " + f.Violation.String()
	}
	return "RolloutPolicy " + f.Policy + ", rule " + f.Violation.String()
}

// Decision is the verdict on a change.
type Decision struct {
	// Allowed is false where there are Violations.
	Allowed bool
	// Violations are of rules that are always on, and of policies that enforce.
	Violations []Finding
	// Warnings are of policies that warn, Audits of those that only write down.
	Warnings, Audits []Finding
}

// change is what a policy's rule looks at.
type change struct {
	movement
	policy   Policy
	old, new *Service
	facts    Facts
	now      time.Time
}

// rules are those that a policy turns on, each for a step forward.
var rules = []func(*change) []Violation{targetReady, maxStep, stepInterval, bake, freeze, keepRollbackTarget, noReturn}

// Decide judges a change of a Service: old is nil where it is made, next where it is deleted.
//
//	the change                              rules always on   rules of policies
//	makes a Service, the first of its name  yes               –
//	leaves traffic and template alone       –                 –
//	raises nothing                          yes               –
//	raises only what one may go back to     yes               –       a rollback: nothing holds it up
//	raises anything else                    yes               each, as its policy enforces it
//	deletes the Service                     –                 deletion
func Decide(old, next *Service, f Facts, now time.Time) Decision {
	var d Decision
	switch {
	case next == nil:
		d.hold(&change{old: old, facts: f, now: now}, deletion)
	case old != nil && old.Template == next.Template && slices.Equal(old.Traffic, next.Traffic):
	default:
		d.invariants(next, f)
		c := &change{movement: newMovement(old, next, f, now), old: old, new: next, facts: f, now: now}
		if len(c.forward) > 0 {
			d.hold(c, rules...)
		}
	}
	d.Allowed = len(d.Violations) == 0
	return d
}

// invariants are the rules that are always on.
func (d *Decision) invariants(next *Service, f Facts) {
	broken := CheckTrafficSum(next.Traffic)
	if len(broken) == 0 { // else a target may name nothing at all
		broken = CheckTargetExists(next.Traffic, next.Name, owners(next, f.Revisions))
	}
	for _, v := range broken {
		d.Violations = append(d.Violations, Finding{Violation: v})
	}
}

func owners(next *Service, revisions map[string]Revision) map[string]string {
	out := make(map[string]string, len(revisions)+1)
	for name, r := range revisions {
		out[name] = r.Service
	}
	if _, exists := out[next.NewRevision]; next.NewRevision != "" && !exists {
		out[next.NewRevision] = next.Name
	}
	return out
}

// hold asks each rule of each policy.
func (d *Decision) hold(c *change, rules ...func(*change) []Violation) {
	for _, p := range c.facts.Policies {
		c.policy = p
		for _, rule := range rules {
			for _, v := range rule(c) {
				d.add(p.Enforcement, Finding{p.Name, v})
			}
		}
	}
}

func (d *Decision) add(e v1alpha1.Enforcement, f Finding) {
	switch e {
	case v1alpha1.Warn:
		d.Warnings = append(d.Warnings, f)
	case v1alpha1.Audit:
		d.Audits = append(d.Audits, f)
	default:
		d.Violations = append(d.Violations, f)
	}
}

// target is the index of the first target that gives the Revision a share, or -1 where the split does not name it.
func (c *change) target(revision string) int {
	return slices.IndexFunc(c.new.Traffic, func(t Target) bool {
		if t.Percent == 0 {
			return false
		}
		return t.Revision == revision || t.Latest && !slices.ContainsFunc(c.new.Traffic, func(o Target) bool { return o.Revision == revision })
	})
}
