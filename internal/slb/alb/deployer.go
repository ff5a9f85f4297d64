package alb

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// Options are how patient a Deployer is. The zero value of each means what is said at it.
type Options struct {
	Drain    time.Duration // how long a server that gets no new requests may end those it has: 30 s
	Look     time.Duration // how long between looks at the health of servers that are waited for: 1 s
	Patience time.Duration // how long a split waits for all servers of a new group, where one is healthy: 30 s
	Trust    time.Duration // how long what was read is taken for what is there: 5 min
	Retry    time.Duration // how long after a refusal for a quota the same is tried again: 1 min
	Job      time.Duration // how long an asynchronous job may take: 30 s
	Ask      time.Duration // how long after a job began it is first asked for: 200 ms
	Clock    clock.Clock   // the real one
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		to *time.Duration
		is time.Duration
	}{
		{&o.Drain, 30 * time.Second}, {&o.Look, time.Second}, {&o.Patience, 30 * time.Second}, {&o.Trust, 5 * time.Minute},
		{&o.Retry, time.Minute}, {&o.Job, 30 * time.Second}, {&o.Ask, 200 * time.Millisecond},
	} {
		if *d.to == 0 {
			*d.to = d.is
		}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return o
}

// Deployer is a slb.Deployer for ALB.
type Deployer struct {
	Options
	api   api
	jobs  *jobs
	clock clock.Clock

	turns deploy.Turns[known]
}

// known is what an owner has there.
type known struct {
	state *state // nil: to be read
	mem   *memory
}

var _ slb.Deployer = &Deployer{}

// New makes a Deployer that calls with a client.
func New(c *cloud.Client, o Options) *Deployer {
	o = o.withDefaults()
	a := api{c}
	return &Deployer{Options: o, api: a, jobs: newJobs(a, o.Clock, o.Ask), clock: o.Clock,
		turns: deploy.Turns[known]{New: func() *known { return &known{mem: newMemory()} }}}
}

// Deploy brings the load balancer as far as it can be brought now.
func (d *Deployer) Deploy(ctx context.Context, w slb.Wanted) (slb.Result, error) {
	k, done, err := d.turns.Take(ctx, w)
	if err != nil {
		return slb.Result{}, err
	}
	defer done()
	if k.state != nil && d.stale(k.state, w) {
		k.state = nil
	}
	result, err := d.rounds(ctx, w, k)
	if err != nil && ctx.Err() == nil && deploy.LookAgain(err) {
		k.state = nil
		result, err = d.rounds(ctx, w, k)
	}
	return result, err
}

// brief is how long it is believed that a listener is not as it should be: Terraform may be at it.
const brief = 5 * time.Second

// stale says whether what is known is to be read anew.
func (d *Deployer) stale(s *state, w slb.Wanted) bool {
	age := d.clock.Since(s.read)
	return age >= d.Trust || age >= brief && s.troubled(w)
}

// mostRounds is how often a Deploy plans: what it has changed may make room for more, such as a group that can be deleted now.
const mostRounds = 6

func (d *Deployer) rounds(ctx context.Context, w slb.Wanted, k *known) (slb.Result, error) {
	if k.state == nil {
		s, err := d.observe(ctx, w)
		if err != nil {
			return slb.Result{}, err
		}
		k.state = s
	}
	if k.state.gone {
		k.state = nil
		return slb.Result{}, fmt.Errorf("the load balancer %s is gone: it was deleted outside of Terraform; apply again to make another: %w",
			w.LoadBalancerID, goneError(w.LoadBalancerID))
	}
	for round := 1; ; round++ {
		p, want, err := d.plan(ctx, w, k)
		if err != nil {
			k.state = nil
			return slb.Result{}, err
		}
		if p.empty() || round == mostRounds {
			result, unlisted := d.result(k.state, want, p), k.state.unlisted
			if unlisted != nil {
				k.state = nil
			}
			return result, unlisted
		}
		run := &run{Deployer: d, ctx: ctx, w: w, want: want, s: k.state, mem: k.mem}
		if err := run.all(p); err != nil {
			result := d.result(k.state, want, p)
			k.state = nil
			return result, err
		}
	}
}

// plan plans, and asks for the health of servers only where that matters.
func (d *Deployer) plan(ctx context.Context, w slb.Wanted, k *known) (plan, desired, error) {
	fronts := k.state.fronts(w.Listeners)
	want := desire(w, fronts, k.state.edition)
	with := func(h health) plan {
		p := planner{
			Options: d.Options, s: k.state, d: want, h: h, mem: k.mem, now: d.clock.Now(),
			from: w.PriorityFrom, to: w.PriorityTo, troubled: k.state.troubled(w), announced: w.Announced,
		}
		if p.to == 0 {
			p.from, p.to = 1, 10_000
		}
		return p.make()
	}
	p := with(nil)
	if !p.Blind {
		return p, want, nil
	}
	h, err := d.api.health(ctx, k.state.used())
	if err != nil {
		return plan{}, want, err
	}
	return with(h), want, nil
}

// used are the listeners that the owner has rules on.
func (s *state) used() []string {
	var ids []string
	for id := range s.listeners {
		if len(s.rulesOf(id)) > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (d *Deployer) result(s *state, want desired, p plan) slb.Result {
	r := slb.Result{
		Rules: p.States, LeftOut: p.Left, Splits: want.Splits, RuleCount: len(s.rules), GroupCount: len(s.groups), Again: p.Again,
		Certificates: s.uploaded(want),
	}
	for _, g := range s.groups {
		r.ServerCount += len(g.Servers)
	}
	if !p.empty() { // rounds ran out
		r.Again = time.Millisecond
	}
	return r
}

// Remove takes away what is the owner's.
func (d *Deployer) Remove(ctx context.Context, w slb.Wanted) (time.Duration, error) {
	k, done, err := d.turns.Take(ctx, w)
	if err != nil {
		return 0, err
	}
	defer done()
	w.Rules, w.Groups, w.Certificates = nil, nil, nil
	if k.state, err = d.observe(ctx, w); err != nil {
		return 0, err
	}
	for {
		p, want, err := d.plan(ctx, w, k)
		if err != nil || p.empty() {
			err = cmp.Or(err, k.state.unlisted)
			if err == nil && p.Again == 0 {
				d.turns.Forget(w)
			}
			return p.Again, err
		}
		run := &run{Deployer: d, ctx: ctx, w: w, want: want, s: k.state, mem: k.mem}
		if err := run.all(p); err != nil {
			k.state = nil
			return 0, err
		}
	}
}

func goneError(id string) error {
	return &cloud.Error{Kind: cloud.Gone, Product: cloud.ALB, Action: "GetLoadBalancerAttribute", Code: "ResourceNotFound.LoadBalancer", Message: id + " is not found"}
}
