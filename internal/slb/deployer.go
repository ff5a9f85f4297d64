package slb

import (
	"context"
	"time"
)

// Deployer brings a load balancer to what is wanted. Its methods may be called by several goroutines; of one load balancer they
// run one after another, so each listener has one writer.
type Deployer interface {
	// Deploy goes as far as it can go now, without waiting for health checks or drains: call it again after Result.Again, and
	// whenever what is wanted changes. What does not fit is left out and told; the rest is done. An error means that not all could be
	// done or found out, with the part of the Result that is known: see the kinds of errors in package cloud. A call again goes on.
	Deploy(ctx context.Context, w Wanted) (Result, error)

	// Remove takes away all that is the owner's on a load balancer; w.Listeners and w.Owner say where and whose. A load balancer or
	// listener that is gone has nothing left. With again above zero something is left that is in use for so long: call it again.
	Remove(ctx context.Context, w Wanted) (again time.Duration, err error)
}

// Result is what a load balancer serves after a Deploy.
type Result struct {
	// Rules are the states of all rules that are wanted, in their order.
	Rules []RuleState
	// LeftOut are the rules that are not served, or not as wanted, and will not be before something changes.
	LeftOut []LeftOut
	// Splits are those that a load balancer cannot reach exactly.
	Splits []Split
	// RuleCount, GroupCount and ServerCount are how much of the load balancer is the owner's. A server counts once a group.
	RuleCount, GroupCount, ServerCount int
	// Certificates are those of the owner that were uploaded.
	Certificates []Uploaded
	// Again is when to call Deploy again though nothing changes: servers are not healthy yet, or drain, or a quota may have grown.
	// Zero: when it is time to look for changes that others made by hand.
	Again time.Duration
}

// Uploaded is a certificate that the cloud has.
type Uploaded struct {
	ID string
	// Secret is whose it is, as namespace/name; empty where it is wanted no more.
	Secret string
}

// RuleState is how far a rule is.
type RuleState struct {
	Rule string // its Key
	Host string
	// Ready says that the rule stands on all its listeners with the split that is wanted, and that each group with a share of it has
	// a healthy server.
	Ready bool
	// Waiting is what it waits for, in words, if it is not ready.
	Waiting string
}

// LeftOut is a rule that is not served.
type LeftOut struct {
	Rule string // its Key
	Host string
	// Reason is why, with the quota if it is one, and what to do.
	Reason string
}

// Split is what was made of a split.
type Split struct {
	Rule   string // its Key
	Host   string
	Shares []Share
	// Idle is how many servers get no requests because the range of weights does not suffice for them.
	Idle int
}

// Share is a group's part of the requests, in percent.
type Share struct {
	Group           string // its Key
	Wanted, Reached float64
}

// Ready counts the rules that are.
func (r Result) Ready() int {
	count := 0
	for _, rule := range r.Rules {
		if rule.Ready {
			count++
		}
	}
	return count
}
