package rollout

import (
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// Policy is a RolloutPolicy made ready to decide by.
type Policy struct {
	Name string
	v1alpha1.RolloutPolicySpec
	windows []*schedule.Timetable // of Freeze, by index; nil where the window is a single one
}

// NewPolicy reads the schedules of a policy. It refuses a spec that is not valid.
func NewPolicy(name string, spec v1alpha1.RolloutPolicySpec) (Policy, error) {
	if errs := spec.Validate(); len(errs) > 0 {
		return Policy{}, errs.ToAggregate()
	}
	p := Policy{name, spec, make([]*schedule.Timetable, len(spec.Freeze))}
	for i, w := range spec.Freeze {
		if w.Schedule == "" {
			continue
		}
		p.windows[i], _ = schedule.Compile([]schedule.Window{w.Window()}) // the validation has seen its problems
	}
	return p, nil
}

// BakeTime is the longest of several policies', for a Service has one stable Revision.
func BakeTime(policies []Policy) time.Duration {
	var longest time.Duration
	for _, p := range policies {
		if p.RolloutPolicySpec.BakeTime != nil {
			longest = max(longest, p.RolloutPolicySpec.BakeTime.Duration)
		}
	}
	return longest
}
