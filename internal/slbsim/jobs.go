package slbsim

import (
	"slices"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// job is one asynchronous operation. Nothing that it changes is so before it is done.
type job struct {
	ID       string `json:"Id"`
	Action   string `json:"ApiName"`
	Kind     string `json:"ResourceType"`
	Resource string `json:"ResourceId"`
	Operate  string `json:"OperateType"`
	Status   string `json:"Status"` // Processing, Succeeded, Failed
	Code     string `json:"ErrorCode"`
	Message  string `json:"ErrorMessage"`
	Created  int64  `json:"CreateTime"` // milliseconds
	Modified int64  `json:"ModifyTime"`

	due    time.Time
	stuck  bool
	fail   *wire.Error
	done   func()
	undone func()
}

// jobs are all jobs, oldest first, and those that are not over.
type jobs struct {
	all     []*job
	pending []*job
	wake    chan struct{}
}

// start begins a job for a call. When it is over, done is called, or undone where a fault made it fail.
func (s *Sim) start(c *wire.Call, kind, resource string, done, undone func()) string {
	now := s.clock.Now()
	j := &job{
		ID: c.RequestID, Action: c.Action, Kind: kind, Resource: resource, Operate: c.Action, Status: "Processing",
		Created: now.UnixMilli(), Modified: now.UnixMilli(),
		due: now.Add(s.opts.Jobs), stuck: c.Effect.StickJob, fail: c.Effect.FailJob, done: done, undone: undone,
	}
	s.jobs.all = append(s.jobs.all, j)
	s.jobs.pending = append(s.jobs.pending, j)
	s.settle()
	select {
	case s.jobs.wake <- struct{}{}:
	default:
	}
	return j.ID
}

// settle ends all jobs that are due, in their order.
func (s *Sim) settle() {
	now := s.clock.Now()
	for {
		i := slices.IndexFunc(s.jobs.pending, func(j *job) bool { return !j.stuck && !now.Before(j.due) })
		if i < 0 {
			return
		}
		j := s.jobs.pending[i]
		s.jobs.pending = slices.Delete(s.jobs.pending, i, i+1)
		j.end(now)
	}
}

func (j *job) end(now time.Time) {
	j.Modified = now.UnixMilli()
	if j.fail != nil {
		j.Status, j.Code, j.Message = "Failed", j.fail.Code, j.fail.Message
		j.undone()
		return
	}
	j.Status = "Succeeded"
	j.done()
}

// FreeJobs lets stuck jobs go on.
func (s *Sim) FreeJobs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs.pending {
		j.stuck = false
	}
	s.settle()
}

// work ends jobs when they are due, though no one asks.
func (s *Sim) work() {
	for {
		var timer <-chan time.Time
		if next, ok := s.nextJob(); ok {
			timer = s.clock.After(next)
		}
		select {
		case <-s.closed:
			return
		case <-s.jobs.wake:
		case <-timer:
		}
	}
}

// nextJob settles, and gives how long it is until the next job is due.
func (s *Sim) nextJob() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	next, ok := time.Duration(0), false
	for _, j := range s.jobs.pending {
		if left := j.due.Sub(s.clock.Now()); !j.stuck && (!ok || left < next) {
			next, ok = left, true
		}
	}
	return next, ok
}
