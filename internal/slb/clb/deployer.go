package clb

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
	Drain      time.Duration // how long a server that gets no new requests may end those it has: 30 s
	Trust      time.Duration // how long what was read is taken for what is there: 5 min
	Interfaces time.Duration // how long it is remembered which interface has an address: 10 min
	Retry      time.Duration // how long after a refusal for a quota the same is tried again: 1 min
	Clock      clock.Clock   // the real one
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		to *time.Duration
		is time.Duration
	}{{&o.Drain, 30 * time.Second}, {&o.Trust, 5 * time.Minute}, {&o.Interfaces, 10 * time.Minute}, {&o.Retry, time.Minute}} {
		if *d.to == 0 {
			*d.to = d.is
		}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return o
}

// Deployer is a slb.Deployer for CLB.
type Deployer struct {
	Options
	api   api
	enis  *interfaces
	turns deploy.Turns[known]
}

// known is what an owner has at a load balancer.
type known struct {
	state *state // nil: to be read
	mem   *memory
}

var _ slb.Deployer = &Deployer{}

// New makes a Deployer that calls with a client.
func New(c *cloud.Client, o Options) *Deployer {
	o = o.withDefaults()
	a := api{c}
	return &Deployer{
		Options: o, api: a, enis: newInterfaces(a, o.Clock, o.Interfaces),
		turns: deploy.Turns[known]{New: func() *known { return &known{mem: newMemory()} }},
	}
}

// mostTries is how often a Deploy reads anew what there is because a reply was lost.
const mostTries = 8

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
	for try := 1; ; try++ {
		result, err := d.rounds(ctx, w, k)
		most := 2
		if cloud.KindOf(err) == cloud.Lost {
			most = mostTries
		}
		if err == nil || ctx.Err() != nil || try >= most || !deploy.LookAgain(err) {
			return result, err
		}
		k.state = nil
	}
}

// brief is how long it is believed that a listener is not as it should be: Terraform may be at it.
const brief = 5 * time.Second

// stale says whether what is known is to be read anew.
func (d *Deployer) stale(s *state, w slb.Wanted) bool {
	age := d.Clock.Since(s.read)
	return age >= d.Trust || age >= brief && s.troubled(w)
}

// mostRounds is how often a Deploy plans: what it has changed may make room for more.
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
		return slb.Result{}, fmt.Errorf("the load balancer %s is gone: it was deleted outside of Terraform; apply again to make another: %w", w.LoadBalancerID,
			&cloud.Error{Kind: cloud.Gone, Product: cloud.CLB, Action: "DescribeLoadBalancerAttribute", Code: "InvalidLoadBalancerId.NotFound", Message: "it does not exist"})
	}
	for round := 1; ; round++ {
		p, want, enis, err := d.plan(ctx, w, k)
		if err != nil {
			k.state = nil
			return slb.Result{}, err
		}
		if p.empty() || round == mostRounds {
			result, unlisted := result(k.state, want, p), k.state.unlisted
			if unlisted != nil {
				k.state = nil
			}
			return result, unlisted
		}
		run := &run{Deployer: d, ctx: ctx, w: w, s: k.state, mem: k.mem, enis: enis}
		if err := run.all(p); err != nil {
			result := result(k.state, want, p)
			k.state = nil
			return result, err
		}
	}
}

// plan plans, and finds the interfaces of addresses first.
func (d *Deployer) plan(ctx context.Context, w slb.Wanted, k *known) (plan, desired, map[string]string, error) {
	want := desire(w, k.state.fronts(w.Listeners))
	var ips []string
	for _, r := range want.Rules {
		for at := range r.Weights {
			ips = append(ips, at.IP)
		}
	}
	vpc := w.VPCID
	if vpc == "" {
		vpc = k.state.vpc
	}
	enis, err := d.enis.find(ctx, vpc, ips)
	if err != nil {
		return plan{}, want, nil, err
	}
	p := planner{Options: d.Options, s: k.state, d: want, enis: enis, mem: k.mem, now: d.Clock.Now(), troubled: k.state.troubled(w)}
	return p.make(), want, enis, nil
}

func result(s *state, want desired, p plan) slb.Result {
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
	for try := 1; ; try++ {
		again, err := d.removeOnce(ctx, w, k)
		if cloud.KindOf(err) != cloud.Lost || ctx.Err() != nil || try == mostTries {
			if err == nil && again == 0 {
				d.turns.Forget(w)
			}
			return again, err
		}
	}
}

func (d *Deployer) removeOnce(ctx context.Context, w slb.Wanted, k *known) (time.Duration, error) {
	var err error
	if k.state, err = d.observe(ctx, w); err != nil {
		return 0, err
	}
	for {
		p, _, enis, err := d.plan(ctx, w, k)
		if err != nil || p.empty() {
			return p.Again, cmp.Or(err, k.state.unlisted)
		}
		run := &run{Deployer: d, ctx: ctx, w: w, s: k.state, mem: k.mem, enis: enis}
		if err := run.all(p); err != nil {
			k.state = nil
			return 0, err
		}
	}
}
