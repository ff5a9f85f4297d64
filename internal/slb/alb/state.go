package alb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// state is what a load balancer has of an owner, as it was read and as it was changed since.
type state struct {
	read      time.Time
	gone      bool // the load balancer itself
	edition   edition
	vpc       string
	listeners map[string]listener     // by ID
	rules     map[string]*rule        // the owner's, by ID
	foreign   map[string]map[int]bool // priorities of others' rules, by listener
	groups    map[string]*group       // the owner's, by ID

	certificates map[string]*certificate // the owner's, by name
	extra        map[string][]string     // IDs of certificates beside its own, by listener
	unlisted     error                   // why these two are not known
}

// group is a server group with its servers' weights.
type group struct {
	ID, Key, Protocol string
	Check             healthCheck
	Servers           map[endpoint]int
	others            bool // rules or listeners that are not the owner's use it
}

func (g *group) id() string { return groupID(g.Key, g.Protocol) }

// readers is how many server groups are read, or changed, at once.
const readers = 16

// observe reads everything.
func (d *Deployer) observe(ctx context.Context, w slb.Wanted) (*state, error) {
	s := &state{
		read: d.clock.Now(), listeners: map[string]listener{}, rules: map[string]*rule{}, foreign: map[string]map[int]bool{}, groups: map[string]*group{},
		certificates: map[string]*certificate{}, extra: map[string][]string{},
	}
	b, err := d.api.balancer(ctx, w.LoadBalancerID)
	switch {
	case cloud.IsGone(err):
		s.gone = true
	case err != nil:
		return nil, err
	}
	s.edition, s.vpc = editionOf(b.Edition), b.VPC
	if w.VPCID != "" {
		s.vpc = w.VPCID
	}
	var rules []rule
	if !s.gone {
		listeners, err := d.api.listeners(ctx, w.LoadBalancerID)
		if err != nil {
			return nil, err
		}
		for _, l := range listeners {
			s.listeners[l.ID] = l
		}
		if rules, err = d.api.rules(ctx, w.LoadBalancerID); err != nil {
			return nil, err
		}
	}
	foreignRules := map[string]bool{}
	for _, r := range rules {
		if _, mine := deploy.Owned(w.Owner, r.Tags); mine {
			s.rules[r.ID] = &r
			continue
		}
		foreignRules[r.ID] = true
		if s.foreign[r.Listener] == nil {
			s.foreign[r.Listener] = map[int]bool{}
		}
		s.foreign[r.Listener][r.Priority] = true
	}
	if len(w.Certificates) > 0 || w.Certified {
		s.unlisted = d.readCertificates(ctx, w, s)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return s, d.readGroups(ctx, w, s, foreignRules)
}

func (d *Deployer) readGroups(ctx context.Context, w slb.Wanted, s *state, foreign map[string]bool) error {
	infos, err := d.api.groups(ctx, w.Owner)
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(readers)
	for _, info := range infos {
		key, mine := deploy.Owned(w.Owner, info.Tags)
		if !mine {
			continue
		}
		g := &group{ID: info.ID, Key: key, Protocol: info.Protocol, Check: info.Check, Servers: map[endpoint]int{}}
		g.others = len(info.Fronts) > 0 || slices.ContainsFunc(info.Rules, func(id string) bool { return foreign[id] })
		s.groups[g.ID] = g
		if info.Count == 0 {
			continue
		}
		all.Go(func() error {
			servers, err := d.api.servers(ctx, g.ID)
			if cloud.IsGone(err) { // it was being deleted
				g.ID = ""
				return nil
			}
			for _, one := range servers {
				weight := 0
				if one.Weight != nil {
					weight = int(*one.Weight)
				}
				if one.Status != "Removing" {
					g.Servers[endpoint{one.ID, int(one.Port)}] = weight
				}
			}
			return err
		})
	}
	err = all.Wait()
	maps.DeleteFunc(s.groups, func(_ string, g *group) bool { return g.ID == "" })
	return err
}

// fronts are the listeners that rules may stand on, by port.
func (s *state) fronts(wanted []slb.Listener) map[int]front {
	fronts := map[int]front{}
	for _, l := range wanted {
		f := front{ID: l.ID, Protocol: l.Protocol}
		switch now, ok := s.listeners[l.ID]; {
		case !ok:
			f.Why = fmt.Sprintf("the listener %s (port %d) is gone: it was deleted outside of Terraform; apply again to make another", l.ID, l.Port)
		case int(now.Port) != l.Port || now.Protocol != l.Protocol:
			f.Why = fmt.Sprintf("the listener %s is %s on port %d, and should be %s on port %d: apply with Terraform to put it right",
				l.ID, now.Protocol, now.Port, l.Protocol, l.Port)
		case now.Status == "Stopped":
			f.Why = fmt.Sprintf("the listener %s (port %d) is stopped: start it", l.ID, l.Port)
		}
		fronts[l.Port] = f
	}
	return fronts
}

// troubled says whether a listener that rules should stand on cannot have them.
func (s *state) troubled(w slb.Wanted) bool {
	fronts := s.fronts(w.Listeners)
	return slices.ContainsFunc(w.Rules, func(r slb.Rule) bool {
		return slices.ContainsFunc(r.Ports, func(port int) bool { return fronts[port].Why != "" })
	})
}

// group finds one by what it is for. Of two, which a lost race may leave, it is the one with the smaller ID.
func (s *state) group(id string) *group {
	var found *group
	for _, g := range s.groups {
		if g.id() == id && (found == nil || g.ID < found.ID) {
			found = g
		}
	}
	return found
}

// users counts the rules that forward to each group, by ID.
func (s *state) users() map[string]int {
	users := map[string]int{}
	for _, r := range s.rules {
		for _, a := range r.Actions {
			if a.Forward != nil {
				for _, t := range a.Forward.Tuples {
					users[t.Group]++
				}
			}
		}
	}
	return users
}

// rulesOf gives the owner's rules of a listener in order.
func (s *state) rulesOf(listener string) []*rule {
	var rules []*rule
	for _, r := range s.rules {
		if r.Listener == listener {
			rules = append(rules, r)
		}
	}
	slices.SortFunc(rules, func(a, b *rule) int { return a.Priority - b.Priority })
	return rules
}
