package slbsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Resource is one thing that the account has, as the page shows it.
type Resource struct {
	Kind   string // such as "alb rule", "clb listener", "certificate"
	ID     string
	Name   string
	Status string
	Detail string
	Tags   map[string]string `json:",omitempty"`
}

// Resources gives all that was made through the APIs and is still there. An emulator that was cleaned up has none.
func (s *Sim) Resources() []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	all := []Resource{}
	for _, b := range s.alb.balancers.all() {
		all = append(all, Resource{"alb", b.ID, b.Name, b.Status, fmt.Sprintf("%s, %s, %d of %d servers",
			b.Edition, b.address, s.albServersOn(b), s.edition(b).Servers), b.Tags.asMap()})
	}
	for _, l := range s.alb.listeners.all() {
		all = append(all, Resource{"alb listener", l.ID, l.Description, l.Status,
			fmt.Sprintf("%s %d of %s at %s%s", l.Protocol, l.Port, l.BalancerID, l.front.Address(), l.extraDetail()), l.Tags.asMap()})
	}
	for _, r := range s.alb.rules.all() {
		all = append(all, Resource{"alb rule", r.ID, r.Name, r.Status, r.detail(), r.Tags.asMap()})
	}
	for _, g := range s.alb.groups.all() {
		all = append(all, Resource{"alb server group", g.ID, g.Name, g.Status, g.detail(), g.Tags.asMap()})
	}
	all = append(all, s.clbResources()...)
	for _, c := range s.certs.all() {
		all = append(all, Resource{"certificate", c.ID, c.Name, "", strings.Join(c.pair.Leaf.DNSNames, ", "), c.Tags.asMap()})
	}
	return all
}

func (s *Sim) clbResources() []Resource {
	var all []Resource
	for _, b := range s.clb.balancers.all() {
		all = append(all, Resource{"clb", b.ID, b.Name, b.Status, b.Address, b.tags.asMap()})
		for _, port := range slices.Sorted(maps.Keys(b.listeners)) {
			l := b.listeners[port]
			all = append(all, Resource{"clb listener", l.key(), l.Description, l.Status,
				fmt.Sprintf("%s %d at %s%s", l.protocol, l.Port, l.front.Address(), l.extraDetail()), l.tags.asMap()})
		}
	}
	for _, r := range s.clb.rules.all() {
		all = append(all, Resource{"clb rule", r.ID, r.Name, "", fmt.Sprintf("%s%s of port %d → %s", r.Domain, r.URL, r.Port, r.GroupID), nil})
	}
	for _, g := range s.clb.groups.all() {
		var servers []string
		for _, one := range g.servers {
			servers = append(servers, fmt.Sprintf("%s=%d", one.key(), one.Weight))
		}
		all = append(all, Resource{"clb server group", g.ID, g.Name, "", strings.Join(servers, " "), g.tags.asMap()})
	}
	return all
}

func (l *albListener) extraDetail() string {
	if len(l.extra) == 0 {
		return ""
	}
	return " with " + strings.Join(l.extra, " ")
}

func (l *clbListener) extraDetail() string {
	if len(l.extensions) == 0 {
		return ""
	}
	parts := []string{" with"}
	for _, e := range l.extensions {
		parts = append(parts, e.Domain+"="+e.Certificate)
	}
	return strings.Join(parts, " ")
}

func (r *albRule) detail() string {
	var parts []string
	for _, c := range r.Conditions {
		switch {
		case c.Host != nil:
			parts = append(parts, strings.Join(c.Host.Values, "|"))
		case c.Path != nil:
			parts = append(parts, strings.Join(c.Path.Values, "|"))
		case c.Header != nil:
			parts = append(parts, c.Header.Key+": "+strings.Join(c.Header.Values, "|"))
		default:
			parts = append(parts, c.Type)
		}
	}
	parts = append(parts, "→")
	for _, a := range byOrder(r.Actions) {
		if a.Forward == nil {
			parts = append(parts, a.Type)
			continue
		}
		for _, t := range a.Forward.Tuples {
			parts = append(parts, fmt.Sprintf("%s=%d", t.ID, or(t.Weight, 100)))
		}
	}
	return fmt.Sprintf("%d of %s: %s", r.Priority, r.ListenerID, strings.Join(parts, " "))
}

func (g *albGroup) detail() string {
	health := g.check.Health()
	parts := []string{g.Protocol}
	for _, one := range g.servers {
		parts = append(parts, fmt.Sprintf("%s=%d %s %s", one.address, one.Weight, one.Status, health[one.String()].Health))
	}
	return strings.Join(parts, " · ")
}

func (t tags) asMap() map[string]string {
	m := map[string]string{}
	for _, one := range t {
		m[one.Key] = one.Value
	}
	return m
}
