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
		clear(r.mem.held) // there may be room for what was refused
		r.mu.Unlock()
	}
}
