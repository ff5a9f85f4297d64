package rollout

import (
	"fmt"
	"maps"
	"time"
)

// StepInterval is the name of the rule that steps forward have time between them.
const StepInterval = "step-interval"

// stepInterval refuses a step that comes sooner than minStepInterval after the last.
//
//	the record                                      the last step was              verdict
//	has not caught up with the Service's split      –                              refused: a step may just have been made
//	is of this split                                never                          allowed
//	is of this split                                minStepInterval ago or more    allowed
//	is of this split                                less ago                       refused
func stepInterval(c *change) []Violation {
	if c.policy.MinStepInterval == nil || c.policy.MinStepInterval.Duration <= 0 || c.old == nil {
		return nil
	}
	interval := c.policy.MinStepInterval.Duration
	allowed := fmt.Sprintf("Steps forward are at least %s apart.", interval)
	if !c.recorded() {
		return []Violation{{StepInterval, -1, "", "The last change of this Service is not on record yet.", allowed,
			"Try again in a moment; if this stays, the guard's controller is not running."}}
	}
	last := c.facts.Record.LastStep
	if last == nil || c.now.Sub(last.Time) >= interval {
		return nil
	}
	next := last.Add(interval)
	return []Violation{{StepInterval, -1, "",
		fmt.Sprintf("The last step forward was %s ago.", c.now.Sub(last.Time).Round(time.Second)), allowed,
		fmt.Sprintf("Try again in %s, at %s.", next.Sub(c.now).Round(time.Second), next.UTC().Format(time.RFC3339))}}
}

// recorded says that the record is of the split that the change starts from.
func (c *change) recorded() bool {
	split, settled := c.old.declared()
	if !settled || string(c.facts.Record.ServiceUID) != c.old.UID {
		return false
	}
	maps.DeleteFunc(split, func(_ string, percent int64) bool { return percent == 0 })
	onRecord := map[string]int64{}
	for _, s := range c.facts.Record.Split {
		onRecord[s.Revision] = s.Percent
	}
	return maps.Equal(split, onRecord)
}
