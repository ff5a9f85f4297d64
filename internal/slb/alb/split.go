package alb

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/fit"
)

// mostGroups is how many groups a rule may forward to.
const mostGroups = 5

// full is the weight of a server that gets requests.
const full = 100

// splitOf makes the shares of a rule, and the groups that they are of. Targets of the same group are added up; those of 0 % are left
// away, for a group with no part of the requests takes one of the five places.
//
// With more than five groups the four with the largest shares keep a group of their own. The rest become one group, in which each
// server's weight is fitted to its revision's part of that group (see package fit), as a CLB would have it.
func splitOf(r slb.Rule, groups map[string]slb.Group) ([]share, madeOf, error) {
	made := madeOf{groups: map[string]wantedGroup{}}
	percents := map[string]int{}
	var order []string
	for _, t := range r.Forward {
		if _, ok := groups[t.Group]; !ok {
			return nil, made, fmt.Errorf("its target %s is not among the groups", t.Group)
		}
		if percents[t.Group] == 0 && t.Percent > 0 {
			order = append(order, t.Group)
		}
		percents[t.Group] += t.Percent
	}
	switch {
	case len(order) == 0:
		return nil, made, errors.New("no target of it has a percent above 0")
	case len(order) > 1 && slices.ContainsFunc(order, func(key string) bool { return groups[key].Activator }):
		i := slices.IndexFunc(order, func(key string) bool { return groups[key].Activator })
		return nil, made, fmt.Errorf("its target %s has no Pods now, and only a rule with one target can lead to the activator, which would start one: "+
			"give the revision a min-scale of at least 1 while it is part of a split", order[i])
	case len(order) <= mostGroups:
		var split []share
		for _, key := range order {
			g := groupOf(groups[key])
			made.groups[g.id()] = g
			split = append(split, share{g.id(), percents[key]})
		}
		if len(split) == 1 {
			split[0].Weight = full
		}
		return split, made, nil
	}
	return mergedSplit(r, order, percents, groups)
}

func groupOf(g slb.Group) wantedGroup {
	w := wantedGroup{
		Key: g.Key, Protocol: protocolOf(g.Protocol), Weights: map[endpoint]int{}, Draining: map[endpoint]bool{}, Activator: g.Activator,
	}
	for _, s := range g.Servers {
		if at := (endpoint{s.IP, s.Port}); s.Draining {
			w.Draining[at] = true
		} else {
			w.Weights[at] = full
		}
	}
	return w
}

// protocolOf is what ALB speaks to servers. It has no HTTP/2 without gRPC; servers that speak h2c speak HTTP/1.1 too.
func protocolOf(p slb.Protocol) string {
	if p == slb.GRPC {
		return string(slb.GRPC)
	}
	return string(slb.HTTP)
}

// mergedSplit keeps the four largest and merges the rest.
func mergedSplit(r slb.Rule, order []string, percents map[string]int, groups map[string]slb.Group) ([]share, madeOf, error) {
	made := madeOf{groups: map[string]wantedGroup{}}
	sorted := slices.Clone(order)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(percents[b], percents[a]) })
	var split []share
	for _, key := range sorted[:mostGroups-1] {
		g := groupOf(groups[key])
		made.groups[g.id()] = g
		split = append(split, share{g.id(), percents[key]})
	}
	rest := sorted[mostGroups-1:]
	merged, shares, err := merge(r.Key, rest, percents, groups)
	if err != nil {
		return nil, made, err
	}
	made.groups[merged.id()] = merged
	sum := 0
	for _, key := range rest {
		sum += percents[key]
	}
	split = append(split, share{merged.id(), sum})
	made.split = &slb.Split{Rule: r.Key, Host: r.Host, Shares: shares}
	for _, key := range rest {
		made.split.Idle += len(groupOf(groups[key]).Weights)
	}
	for _, weight := range merged.Weights {
		if weight > 0 {
			made.split.Idle--
		}
	}
	for _, key := range sorted[:mostGroups-1] {
		percent := float64(percents[key])
		made.split.Shares = append(made.split.Shares, slb.Share{Group: key, Wanted: percent, Reached: percent})
	}
	return split, made, nil
}

// merge makes one group of several, and says what part of all requests each gets by it.
func merge(rule string, keys []string, percents map[string]int, groups map[string]slb.Group) (wantedGroup, []slb.Share, error) {
	merged := wantedGroup{Key: "rest of " + rule, Weights: map[endpoint]int{}, Draining: map[endpoint]bool{}}
	parts, sum := make([]fit.Part, len(keys)), 0
	for i, key := range keys {
		g := groupOf(groups[key])
		if i > 0 && g.Protocol != merged.Protocol {
			return merged, nil, fmt.Errorf("a rule has at most %d groups, and the targets %v, which would share one, speak different protocols: "+
				"use at most %d targets", mostGroups, keys, mostGroups)
		}
		merged.Protocol = g.Protocol
		for at := range g.Draining {
			merged.Draining[at] = true
		}
		parts[i] = fit.Part{Percent: percents[key], Servers: len(g.Weights)}
		sum += percents[key]
	}
	weights := fit.Weights(parts)
	var shares []slb.Share
	for i, reached := range fit.Shares(weights) {
		servers := slices.SortedFunc(maps.Keys(groupOf(groups[keys[i]]).Weights), byAddress)
		for n, at := range servers {
			merged.Weights[at] = 0
			if n < weights[i].Used {
				merged.Weights[at] = weights[i].Each
			}
		}
		shares = append(shares, slb.Share{Group: keys[i], Wanted: float64(percents[keys[i]]), Reached: reached * float64(sum) / 100})
	}
	return merged, shares, nil
}
