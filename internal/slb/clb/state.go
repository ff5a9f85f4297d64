package clb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// state is what a load balancer has of an owner, as it was read and as it was changed since.
type state struct {
	read      time.Time
	gone      bool
	vpc       string
	listeners map[int]listener
	rules     map[string]*rule // the owner's, by ID
	foreign   map[place]string // others' rules: their names
	groups    map[string]*group

	certificates []certificate       // the owner's
	extensions   map[int][]extension // everyone's, by port
	unlisted     error               // why these two are not known
}

// place is what a listener has one rule of.
type place struct {
	port         int
	domain, path string
}

func (r *rule) place() place { return place{r.Port, strings.ToLower(r.Domain), r.URL} }

// group is a VServer group with its servers.
type group struct {
	ID, Key string
	Servers map[endpoint]server
	others  bool // rules or listeners that are not the owner's use it
}

type server struct {
	eni    string
	weight int
}

// prefix is what the names of all of an owner's rules begin with, which have no tags.
func prefix(o slb.Owner) string {
	sum := sha256.Sum256([]byte(o.Cluster + "\n" + o.Ingress))
	return "kn-" + hex.EncodeToString(sum[:4]) + "-"
}

// nameOf is the name of a rule or a group, of at most 80 characters.
func nameOf(o slb.Owner, key string) string {
	name := prefix(o) + strings.TrimPrefix(deploy.Name(key), "kn-")
	return name[:min(len(name), 80)]
}

// observe reads everything.
func (d *Deployer) observe(ctx context.Context, w slb.Wanted) (*state, error) {
	s := &state{
		read: d.Clock.Now(), listeners: map[int]listener{}, rules: map[string]*rule{}, foreign: map[place]string{}, groups: map[string]*group{},
		extensions: map[int][]extension{},
	}
	var err error
	if s.vpc, err = d.api.vpc(ctx, w.LoadBalancerID); cloud.IsGone(err) { // its rules and groups are gone with it
		s.gone = true
		return s, nil
	} else if err != nil {
		return nil, err
	}
	infos, err := d.api.groups(ctx, w.LoadBalancerID, w.Owner)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if err := d.readGroup(ctx, w, s, info); err != nil {
			return nil, err
		}
	}
	listeners, err := d.api.listeners(ctx, w.LoadBalancerID)
	if err != nil {
		return nil, err
	}
	for _, l := range listeners {
		s.listeners[int(l.Port)] = l
		if err := d.readRules(ctx, w, s, l); err != nil {
			return nil, err
		}
	}
	if len(w.Certificates) > 0 || w.Certified {
		s.unlisted = d.readCertificates(ctx, w, s)
		if cloud.KindOf(s.unlisted) == cloud.Lost || ctx.Err() != nil {
			return nil, s.unlisted
		}
	}
	for _, info := range infos {
		for _, user := range info.Users.Rules.All {
			if g := s.groups[info.ID]; g != nil && s.rules[user.ID] == nil {
				g.others = true
			}
		}
	}
	return s, nil
}

func (d *Deployer) readGroup(ctx context.Context, w slb.Wanted, s *state, info groupInfo) error {
	key, mine := deploy.Owned(w.Owner, info.tags())
	if !mine {
		return nil
	}
	servers, err := d.api.servers(ctx, info.ID)
	if cloud.IsGone(err) {
		return nil
	}
	g := &group{ID: info.ID, Key: key, Servers: map[endpoint]server{}, others: len(info.Users.Listeners.All) > 0}
	for _, one := range servers {
		g.Servers[endpoint{one.IP, int(one.Port)}] = server{one.ENI, int(one.Weight)}
	}
	s.groups[g.ID] = g
	return err
}

// readRules reads a listener's. Those that lead to a group of the owner's, or have such a name, are the owner's.
func (d *Deployer) readRules(ctx context.Context, w slb.Wanted, s *state, l listener) error {
	if l.Protocol != "http" && l.Protocol != "https" {
		return nil
	}
	rules, err := d.api.rules(ctx, w.LoadBalancerID, l)
	for _, r := range rules {
		if s.groups[r.Group] == nil && !strings.HasPrefix(r.Name, prefix(w.Owner)) {
			s.foreign[r.place()] = r.Name
			continue
		}
		s.rules[r.ID] = &r
	}
	return err
}

// fronts are the listeners that rules may stand on, by port.
func (s *state) fronts(wanted []slb.Listener) map[int]front {
	fronts := map[int]front{}
	for _, l := range wanted {
		f := front{Port: l.Port, Protocol: l.Protocol}
		switch now, ok := s.listeners[l.Port]; {
		case !ok:
			f.Why = fmt.Sprintf("the listener of port %d is gone: it was deleted outside of Terraform; apply again to make another", l.Port)
		case !strings.EqualFold(now.Protocol, l.Protocol):
			f.Why = fmt.Sprintf("the listener of port %d is %s, and should be %s: apply with Terraform to put it right", l.Port, strings.ToUpper(now.Protocol), l.Protocol)
		case now.Status == "stopped":
			f.Why = fmt.Sprintf("the listener of port %d is stopped: start it", l.Port)
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

// group finds that of a rule. Of two, which a lost race may leave, it is the one with the smaller ID.
func (s *state) group(key string) *group {
	var found *group
	for _, g := range s.groups {
		if g.Key == deploy.Short(key) && (found == nil || g.ID < found.ID) {
			found = g
		}
	}
	return found
}

// at finds the owner's rule of a place.
func (s *state) at(p place) *rule {
	for _, r := range s.rules {
		if r.place() == p {
			return r
		}
	}
	return nil
}
