package rollout

import (
	"fmt"
	"slices"
)

// NoReturn is the name of the rule that a Revision that was rolled back from stays out.
const NoReturn = "no-return"

// noReturn refuses to raise a Revision that was rolled back from.
//
//	the Revision that rises     verdict
//	was never rolled back from  allowed
//	was rolled back from        refused
func noReturn(c *change) []Violation {
	if !c.policy.NoReturn {
		return nil
	}
	var out []Violation
	for _, name := range c.raised() {
		if !slices.Contains(c.facts.Record.RolledBack, name) {
			continue
		}
		out = append(out, Violation{NoReturn, c.target(name), "revisionName",
			fmt.Sprintf("The Revision %q was rolled back from.", name),
			"It may not get requests again.", "Change the template, and roll out the Revision that comes of it."})
	}
	return out
}
