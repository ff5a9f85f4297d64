package alb

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// jobs wait for asynchronous jobs, all with the same calls: it asks while someone waits, at first soon and then ever less often.
type jobs struct {
	api   api
	clock clock.Clock
	first time.Duration

	mu      sync.Mutex
	waiting map[string]*job
	asking  bool
	added   bool // since the last question
}

// job is one that is waited for.
type job struct {
	ID    string `json:"Id"`
	State string `json:"Status"` // Processing, Succeeded, Failed
	Code  string `json:"ErrorCode"`
	Said  string `json:"ErrorMessage"`

	over chan error
}

// jobsPage is how many jobs one call may ask for.
const jobsPage = 20

// longestPause is the longest between two questions, as a multiple of the first.
const longestPause = 16

func newJobs(a api, c clock.Clock, first time.Duration) *jobs {
	return &jobs{api: a, clock: c, first: first, waiting: map[string]*job{}}
}

// await returns when a job is over, with the error that it ended with. An empty ID is a job that is over.
func (j *jobs) await(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	one := &job{ID: id, over: make(chan error, 1)}
	j.mu.Lock()
	j.waiting[id], j.added = one, true
	if !j.asking {
		j.asking = true
		go j.ask()
	}
	j.mu.Unlock()
	select {
	case err := <-one.over:
		return err
	case <-ctx.Done():
		j.mu.Lock()
		delete(j.waiting, id)
		j.mu.Unlock()
		return fmt.Errorf("waiting for job %s: %w", id, ctx.Err())
	}
}

// ask asks until no one waits. It has a context of its own: those who wait may come and go.
func (j *jobs) ask() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pause := j.first
	for {
		j.clock.Sleep(pause)
		ids, fresh := j.pending()
		if len(ids) == 0 {
			return
		}
		ended := j.round(ctx, ids)
		if pause = min(2*pause, longestPause*j.first); ended || fresh {
			pause = j.first
		}
	}
}

// pending gives the jobs to ask for, and whether some are new. Without any, it ends the asking.
func (j *jobs) pending() (ids []string, fresh bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for id := range j.waiting {
		if len(ids) < jobsPage {
			ids = append(ids, id)
		}
	}
	fresh, j.added, j.asking = j.added, false, len(ids) > 0
	return ids, fresh
}

// round asks once, and says whether some job has ended.
func (j *jobs) round(ctx context.Context, ids []string) bool {
	var got struct {
		Jobs []job `json:"Jobs"`
	}
	err := j.api.call(ctx, "ListAsynJobs", struct {
		cloud.Page
		IDs []string `json:"JobIds"`
	}{cloud.Page{Max: jobsPage}, ids}, &got)
	j.mu.Lock()
	defer j.mu.Unlock()
	ended := false
	for _, id := range ids {
		if err != nil { // it has been tried for long enough
			j.end(id, fmt.Errorf("what became of job %s is not known: %w", id, err))
			ended = true
		}
	}
	for _, one := range got.Jobs {
		switch one.State {
		case "Succeeded":
			j.end(one.ID, nil)
		case "Failed":
			j.end(one.ID, &JobError{one.ID, one.Code, one.Said})
		default:
			continue
		}
		ended = true
	}
	return ended
}

// end is called with the lock held.
func (j *jobs) end(id string, err error) {
	if one := j.waiting[id]; one != nil {
		one.over <- err
		delete(j.waiting, id)
	}
}

// JobError is a job that failed.
type JobError struct{ ID, Code, Message string }

// Error says why it did.
func (e *JobError) Error() string {
	return fmt.Sprintf("ALB accepted the call, and failed to carry it out: job %s: %s %s", e.ID, e.Code, e.Message)
}
