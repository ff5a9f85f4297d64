package cloud

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// Rate is how often an action may be called.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Budget is how often a Client calls each action, so that those who share the account can call too. The zero value is that of
// aws-load-balancer-controller, which has served for years on an API of the same kind.
type Budget struct {
	Register Rate // adds and removes servers
	Modify   Rate // other writes
	Describe Rate // reads
}

var defaultBudget = Budget{Register: Rate{4, 20}, Modify: Rate{3, 20}, Describe: Rate{50, 200}}

// budgets hold a limiter for each action.
type budgets struct {
	Budget
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newBudgets(b Budget) *budgets {
	for _, r := range []struct{ to, from *Rate }{
		{&b.Register, &defaultBudget.Register}, {&b.Modify, &defaultBudget.Modify}, {&b.Describe, &defaultBudget.Describe},
	} {
		if r.to.PerSecond == 0 {
			*r.to = *r.from
		}
	}
	return &budgets{Budget: b, limiters: map[string]*rate.Limiter{}}
}

// wait returns when there is room for a call, or the context is done.
func (b *budgets) wait(ctx context.Context, p Product, action string) error {
	b.mu.Lock()
	name := p.Name + ":" + action
	limiter := b.limiters[name]
	if limiter == nil {
		limit := b.rateOf(action)
		limiter = rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
		b.limiters[name] = limiter
	}
	b.mu.Unlock()
	return limiter.Wait(ctx)
}

func (b *budgets) rateOf(action string) Rate {
	switch {
	case reads(action):
		return b.Describe
	case strings.Contains(action, "Server") && begins(action, "Add", "Remove", "Replace"):
		return b.Register
	}
	return b.Modify
}
