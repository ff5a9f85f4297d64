package rollout

import (
	"fmt"
	"time"
)

// Bake is the name of the rule that a Revision proves itself on a part of the requests before it gets all of them.
const Bake = "bake"

// bake refuses 100 % for a Revision that has not had a part of the requests for bakeTime.
//
//	rises to    has had requests                 verdict
//	below 100   –                                allowed
//	100         never                            refused
//	100         for less than bakeTime           refused
//	100         for bakeTime or longer           allowed
func bake(c *change) []Violation {
	if c.policy.BakeTime == nil || c.policy.BakeTime.Duration <= 0 {
		return nil
	}
	needs := c.policy.BakeTime.Duration
	for name := range c.forward {
		if c.to[name] < 100 {
			continue
		}
		allowed := fmt.Sprintf("It may have all of them after %s with a part of them.", needs)
		since, runs := c.servedSince(name)
		if !runs {
			return []Violation{{Bake, c.target(name), "percent", fmt.Sprintf("%s has had no requests yet.", name), allowed,
				fmt.Sprintf("Give it a part first, leave the rest to %s, and raise it to 100 after %s.", c.stableName(), needs)}}
		}
		if ran := c.now.Sub(since); ran < needs {
			return []Violation{{Bake, c.target(name), "percent",
				fmt.Sprintf("%s has had requests for %s.", name, ran.Round(time.Second)), allowed,
				fmt.Sprintf("Try again in %s, at %s.", (needs - ran).Round(time.Second), since.Add(needs).UTC().Format(time.RFC3339))}}
		}
	}
	return nil
}

func (c *change) servedSince(revision string) (time.Time, bool) {
	if c.old == nil || string(c.facts.Record.ServiceUID) != c.old.UID {
		return time.Time{}, false
	}
	for _, s := range c.facts.Record.Serving {
		if s.Revision == revision {
			return s.Since.Time, true
		}
	}
	return time.Time{}, false
}
