// Package rollout holds the rules of traffic and of rollback. It is pure: values in, verdicts out, no client and no clock of
// its own, so that the provider at plan and the guard at admission give the same answer.
package rollout

import "fmt"

// Target is one entry of a Service's traffic: a share of requests, a tag with a URL of its own, or both.
type Target struct {
	// Revision is the name of a pinned Revision; empty where Latest is set.
	Revision string
	// Latest sends the share to whatever Revision is the latest Ready one.
	Latest bool
	// Percent is the share of requests, 0–100.
	Percent int64
	// Tag names a URL that always leads to this target.
	Tag string
}

// Violation is a rule that a change breaks: what was seen, what is allowed, and the way out.
type Violation struct {
	// Rule is the rule's name, as in the table of rules.
	Rule string
	// Target is the index of the offending entry, or -1 where it is the split as a whole.
	Target int
	// Field is the offending field of that entry, by its API name, or empty.
	Field string
	// Observed, Allowed and WayOut are sentences for a person.
	Observed, Allowed, WayOut string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: %s %s %s", v.Rule, v.Observed, v.Allowed, v.WayOut)
}
