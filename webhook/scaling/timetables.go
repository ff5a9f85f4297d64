package scaling

import (
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/schedule"
)

// timetables keep what a policy's schedules were compiled to: that takes longer than asking.
type timetables struct {
	mu    sync.Mutex
	known map[types.UID]compiled
}

type compiled struct {
	generation int64
	timetable  *schedule.Timetable
	err        error
}

// of compiles a policy once for each generation, and says what is wrong with one that admission did not see.
func (t *timetables) of(p *v1alpha1.ScalingPolicy) (*schedule.Timetable, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.known[p.UID]; ok && c.generation == p.Generation {
		return c.timetable, c.err
	}
	c := compiled{generation: p.Generation}
	if errs := p.Spec.Validate(); len(errs) > 0 {
		c.err = errs.ToAggregate()
	} else if tt, problems := schedule.Compile(p.Spec.Windows()); len(problems) > 0 {
		c.err = errors.New(problems[0].String())
	} else {
		c.timetable = tt
	}
	if t.known == nil {
		t.known = map[types.UID]compiled{}
	}
	t.known[p.UID] = c
	return c.timetable, c.err
}

// forget lets go of those of a policy that is gone.
func (t *timetables) forget(uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, uid)
}
