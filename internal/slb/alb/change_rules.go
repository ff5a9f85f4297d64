package alb

import (
	"fmt"
	"slices"
)

// changeRules changes rules, ten by a call. No priority can be taken that another rule has at the time, so those whose way is not free
// wait for those in the way; and of those that wait for each other one goes aside first.
func (r *run) changeRules(listener string, steps []ruleStep) {
	waiting := r.resolve(steps)
	for len(waiting) > 0 && r.ctx.Err() == nil {
		taken := r.taken(listener)
		var now, later []ruleStep
		for _, step := range waiting {
			if by := taken[step.Priority]; by == "" || by == step.ID {
				now = append(now, step)
			} else {
				later = append(later, step)
			}
		}
		if len(now) == 0 {
			if !r.aside(later[0].ID, taken) {
				return
			}
			continue
		}
		for part := range slices.Chunk(now, mostRules) {
			if !r.changeSome(part) {
				return
			}
		}
		waiting = later
	}
}

// taken gives who has each priority of a listener.
func (r *run) taken(listener string) map[int]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := map[int]string{}
	for priority := range r.s.foreign[listener] {
		taken[priority] = "someone else"
	}
	for _, one := range r.s.rulesOf(listener) {
		taken[one.Priority] = one.ID
	}
	return taken
}

// aside moves a rule to a free priority; where there is none it is taken away, to be made anew by the next round.
func (r *run) aside(id string, taken map[int]string) bool {
	to := r.w.PriorityTo
	if to == 0 {
		to = 10_000
	}
	for n := max(r.w.PriorityFrom, 1); n <= to; n++ {
		if taken[n] == "" {
			one := *r.s.rules[id]
			return r.changeSome([]ruleStep{{ID: id, Priority: n, Conditions: one.Conditions, Actions: one.Actions}})
		}
	}
	r.dropRules([]string{id})
	return false
}

func (r *run) changeSome(steps []ruleStep) bool {
	rules := make([]rule, len(steps))
	for i, step := range steps {
		rules[i] = rule{ID: step.ID, Priority: step.Priority, Conditions: step.Conditions, Actions: step.Actions}
	}
	m, err := r.api.updateRules(r.ctx, rules)
	if final(err) {
		if half := len(steps) / 2; half > 0 {
			first, second := r.changeSome(steps[:half]), r.changeSome(steps[half:])
			return first && second
		}
		if steps[0].Rule.Key == "" {
			r.fail(fmt.Errorf("moving the rule %s: %w", steps[0].ID, err))
			return false
		}
		r.refuse([]refusal{{steps[0], err}})
		return true
	}
	if !r.done("changing rules", m, err) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, changed := range rules {
		one := r.s.rules[changed.ID]
		one.Priority, one.Conditions, one.Actions = changed.Priority, changed.Conditions, changed.Actions
	}
	return true
}
