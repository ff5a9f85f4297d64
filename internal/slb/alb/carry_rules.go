package alb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// mostRules is how many rules one call may have.
const mostRules = 10

// refusal is a rule that was not taken, and why.
type refusal struct {
	step ruleStep
	err  error
}

func stepsOf(refused []refusal) []ruleStep {
	var steps []ruleStep
	for _, one := range refused {
		steps = append(steps, one.step)
	}
	return steps
}

// refuse notes what was not taken, so that it is told and not tried again at once.
func (r *run) refuse(refused []refusal) {
	for _, one := range refused {
		if cloud.KindOf(one.err) == cloud.Conflict { // someone took its priority: look again where there is room
			r.fail(fmt.Errorf("making the rule %s: %w", one.step.Rule.Key, one.err))
			continue
		}
		r.mu.Lock()
		final := text(one.step.Conditions, r.final(one.step.Rule))
		r.mu.Unlock()
		r.hold("rule "+one.step.Rule.place(), final, deploy.Reason(one.err))
	}
}

// final is what a rule should become in the end. It is called with the lock held.
func (r *run) final(want wantedRule) []action {
	p := planner{s: r.s}
	return p.actions(want)
}

// resolve puts the IDs of groups in place of what they are for. Without all of them a rule cannot be made: why is told elsewhere.
func (r *run) resolve(steps []ruleStep) []ruleStep {
	r.mu.Lock()
	defer r.mu.Unlock()
	var able []ruleStep
	for _, step := range steps {
		complete := true
		step.Actions = slices.Clone(step.Actions)
		for i, a := range step.Actions {
			if a.Forward == nil {
				continue
			}
			f := &forward{slices.Clone(a.Forward.Tuples)}
			for j, t := range f.Tuples {
				if g := r.s.group(t.Group); g != nil {
					f.Tuples[j].Group = g.ID
				} else if strings.Contains(t.Group, "|") {
					complete = false
				}
			}
			step.Actions[i].Forward = f
		}
		if complete {
			able = append(able, step)
		}
	}
	return able
}

// makeRules makes rules, ten by a call. Where a call is refused it is tried with half of them, to find those that cannot be made;
// where no more rules fit, no more are tried.
func (r *run) makeRules(listener string, steps []ruleStep) []refusal {
	var refused []refusal
	var full error
	for part := range slices.Chunk(r.resolve(steps), mostRules) {
		if full == nil {
			full = r.makeSome(listener, part, &refused)
			continue
		}
		for _, step := range part {
			refused = append(refused, refusal{step, full})
		}
	}
	return refused
}

// makeSome gives the refusal that says that no more rules fit at all, if there was one.
func (r *run) makeSome(listener string, steps []ruleStep, refused *[]refusal) error {
	rules := make([]rule, len(steps))
	for i, step := range steps {
		rules[i] = rule{
			Name: deploy.Name(step.Rule.Key), Priority: step.Priority, Conditions: step.Conditions, Actions: step.Actions,
			NewTags: deploy.Tags(r.w.Owner, step.Rule.Key),
		}
	}
	m, err := r.api.createRules(r.ctx, listener, rules)
	if final(err) {
		if half := len(steps) / 2; half > 0 {
			if full := r.makeSome(listener, steps[:half], refused); full != nil {
				for _, step := range steps[half:] {
					*refused = append(*refused, refusal{step, full})
				}
				return full
			}
			return r.makeSome(listener, steps[half:], refused)
		}
		*refused = append(*refused, refusal{steps[0], err})
		if e, ok := errors.AsType[*cloud.Error](err); ok && e.Kind == cloud.Quota && strings.HasSuffix(e.Code, ".Rules") {
			return err
		}
		return nil
	}
	if !r.done("making rules of listener "+listener, m, err) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, made := range m.Rules {
		one := rules[min(i, len(rules)-1)]
		for _, sent := range rules { // by what tells them apart, whatever their order
			if sent.Priority == int(made.Priority) {
				one = sent
			}
		}
		one.ID, one.Listener, one.Tags = made.ID, listener, one.NewTags
		r.s.rules[one.ID] = &one
	}
	return nil
}

// final says whether a rule was refused for what it is, or for a priority that another has.
func final(err error) bool {
	e, ok := errors.AsType[*cloud.Error](err)
	return deploy.Final(err) || ok && e.Code == "Conflict.Priority"
}

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

func (r *run) dropRules(ids []string) {
	for part := range slices.Chunk(ids, mostRules) {
		m, err := r.api.deleteRules(r.ctx, part)
		if cloud.IsGone(err) && len(part) > 1 { // one of them: which, is not said
			for _, id := range part {
				r.dropRules([]string{id})
			}
			continue
		}
		if cloud.IsGone(err) {
			m, err = made{}, nil
		}
		if !r.done("deleting rules", m, err) {
			return
		}
		r.mu.Lock()
		for _, id := range part {
			delete(r.s.rules, id)
		}
		r.mu.Unlock()
	}
}
