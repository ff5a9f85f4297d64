package rollout

import "fmt"

// TargetReady is the name of the rule that requests go to Revisions that are Ready.
const TargetReady = "target-ready"

// targetReady refuses to raise a Revision that is pinned and not Ready. Knative holds the whole split back for it.
//
//	the target that rises     its Revision is     verdict
//	is the latest             –                   allowed: Knative moves requests once it is Ready
//	is pinned                 Ready               allowed
//	is pinned                 not Ready           refused
//	is pinned                 about to be made    refused
//	is pinned                 not there           left to target-exists
func targetReady(c *change) []Violation {
	if !c.policy.RequireReady {
		return nil
	}
	var out []Violation
	for i, t := range c.new.Traffic {
		revision, exists := c.facts.Revisions[t.Revision]
		if t.Latest || t.Percent == 0 || c.forward[t.Revision] == 0 || revision.Ready || !exists && t.Revision != c.new.NewRevision {
			continue
		}
		out = append(out, Violation{TargetReady, i, "revisionName",
			fmt.Sprintf("The Revision %q is not Ready.", t.Revision),
			"Only a Revision that is Ready may get a larger share of requests.",
			fmt.Sprintf("See what holds it up with `kubectl describe revision %s`, and raise it when it is Ready; a tag with 0 %% may lead to it until then.", t.Revision)})
	}
	return out
}
