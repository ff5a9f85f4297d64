package rollout

import "fmt"

// MaxStep is the name of the rule that limits how far one change moves requests forward.
const MaxStep = "max-step"

// maxStep refuses a change that moves more than maxStepPercent of all requests to Revisions that are not stable.
//
//	what rises, with a limit of 20                         step    verdict
//	a Revision from 10 to 30                               20      allowed
//	a Revision from 10 to 31                               21      refused
//	two Revisions by 10 each                               20      allowed
//	two Revisions by 11 each                               22      refused
//	two targets on one Revision, from 10+0 to 10+21        21      refused
//	a new template under "latest: 20"                      20      allowed
//	a new template under "latest: 100"                     100     refused: the hidden step
//	a Revision from 20, of which 0 are served, to 30       30      refused: the last step is not there yet
//	the stable Revision, or the one before it, by 100      0       allowed: a rollback
func maxStep(c *change) []Violation {
	if c.policy.MaxStepPercent == nil {
		return nil
	}
	var step int64
	for _, by := range c.forward {
		step += by
	}
	limit := int64(*c.policy.MaxStepPercent)
	if step <= limit {
		return nil
	}
	first := c.raised()[0]
	return []Violation{{MaxStep, c.target(first), "percent",
		fmt.Sprintf("This change gives %s %d %% more of all requests than %s.", c.who(), step, c.baseline()),
		fmt.Sprintf("One change may move %d %%.", limit), c.smaller(limit)}}
}

// baseline says what a step is counted from.
func (c *change) baseline() string {
	for name := range c.forward {
		if c.served[name] < c.from[name] {
			return "is served now (the last change is not carried out yet)"
		}
	}
	return "before"
}

// smaller is the step that would be allowed.
func (c *change) smaller(limit int64) string {
	if c.stable == lost {
		return fmt.Sprintf("The Service of this name was deleted less than a day ago while other code was stable: make it with that code again, then change it in steps of at most %d %%.", limit)
	}
	if len(c.forward) > 1 {
		return fmt.Sprintf("Raise them by at most %d %% together, and leave the rest to %s.", limit, c.stableName())
	}
	name := c.raised()[0]
	target := name
	if name == newRevision {
		target = "the target `latestRevision: true`" // what a person can write
	}
	return fmt.Sprintf("Give %s %d %% now, and leave the rest to %s.", target, min(c.from[name], c.served[name])+limit, c.stableName())
}

func (c *change) stableName() string {
	if c.stable == "" {
		return "what serves now"
	}
	return "the stable " + c.stable
}
