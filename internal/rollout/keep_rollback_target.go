package rollout

import "fmt"

// KeepRollbackTarget is the name of the rule that there is always a Revision to go back to.
const KeepRollbackTarget = "keep-rollback-target"

// keepRollbackTarget refuses a step while there is nothing to go back to.
//
//	the stable Revision     verdict
//	is Ready                allowed
//	is not Ready            refused
//	does not exist          refused
func keepRollbackTarget(c *change) []Violation {
	if !c.policy.KeepRollbackTarget || c.facts.Revisions[c.stable].Ready {
		return nil
	}
	observed := fmt.Sprintf("The stable Revision %q is not Ready.", c.stable)
	if _, exists := c.facts.Revisions[c.stable]; !exists {
		observed = "There is no stable Revision."
	}
	return []Violation{{KeepRollbackTarget, -1, "", observed,
		"A step forward needs a Ready Revision to go back to.",
		"Get a Revision that works to 100 % first: raising the stable one, or the one before it, is always allowed."}}
}
