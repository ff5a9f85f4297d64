package alb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// run carries a plan out. What fails does not keep the rest from being done, except for what builds on it.
type run struct {
	*Deployer
	ctx  context.Context
	w    slb.Wanted
	want desired

	mu   sync.Mutex // guards all below, and what s and mem hold
	s    *state
	mem  *memory
	errs []error
}

// all carries everything out: groups and certificates before rules that use them, rules before servers go, and what is not wanted last.
func (r *run) all(p plan) error {
	each(p.Create, r.createGroup)
	each(p.Upload, r.upload)
	certified := slices.Sorted(maps.Keys(p.Certify))
	each(certified, func(id string) { r.putOn(id, p.Certify[id].On) })
	each(p.Check, r.setCheck)
	listeners := slices.Sorted(maps.Keys(p.Rules))
	var mu sync.Mutex
	refused := map[string][]refusal{}
	each(listeners, func(id string) {
		r.changeRules(id, p.Rules[id].Change)
		again := r.makeRules(id, p.Rules[id].Make)
		mu.Lock()
		defer mu.Unlock()
		refused[id] = again
	})
	each(slices.Sorted(maps.Keys(p.Servers)), func(id string) { r.changeServers(id, p.Servers[id]) })
	each(listeners, func(id string) {
		mu.Lock()
		again := refused[id]
		mu.Unlock()
		if drop := p.Rules[id].Drop; len(drop) > 0 {
			r.dropRules(drop)
			again = r.makeRules(id, stepsOf(again)) // there may be room for them now
		}
		r.refuse(again)
	})
	each(p.Drop, r.dropGroup)
	each(certified, func(id string) { r.takeOff(id, p.Certify[id].Off) })
	each(p.Forget, r.forget)
	return deploy.Join(r.errs)
}

// each does something with all of a list, a few at a time.
func each[T any](list []T, do func(T)) {
	var all errgroup.Group
	all.SetLimit(readers)
	for _, one := range list {
		all.Go(func() error {
			do(one)
			return nil
		})
	}
	_ = all.Wait() // none returns an error
}

// done waits for the job of a call, and notes what failed. It says whether the call is carried out.
func (r *run) done(about string, m made, err error) bool {
	if err == nil {
		ctx, cancel := context.WithTimeout(r.ctx, r.Job)
		err = r.jobs.await(ctx, m.Job)
		cancel()
	}
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", about, err))
	}
	return err == nil
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

// hold keeps something from being tried again for a while, and gives the reason in words.
func (r *run) hold(about, what, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mem.held[about] = deploy.Hold{What: what, Until: r.clock.Now().Add(r.Retry), Reason: reason}
}
