package balancer

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Listeners gives the owner's listeners on a load balancer, in the order of their ports.
func (m *Maker) Listeners(ctx context.Context, balancer string) ([]Listener, error) {
	all, err := m.api.listeners(ctx, balancer)
	return slices.DeleteFunc(all, func(l Listener) bool { return l.Owner != m.owner.tag() }), err
}

// Listen brings the listeners that are wanted to a load balancer, except those whose port has one of ours that has to go first: see
// Unwanted. It makes and changes; it takes none away.
func (m *Maker) Listen(ctx context.Context, b *Balancer, want []Listener) error {
	all, err := m.api.listeners(ctx, b.ID)
	if err != nil {
		return err
	}
	group := ""
	for _, w := range want {
		i := slices.IndexFunc(all, func(l Listener) bool { return l.Port == w.Port })
		switch {
		case i < 0:
			if group == "" {
				if group, err = m.api.group(ctx, b); err != nil {
					return err
				}
			}
			m.report(fmt.Sprintf("%s: making the listener %s %d", b.ID, w.Protocol, w.Port))
			if err := m.api.addListener(ctx, b, group, w); err != nil {
				return fmt.Errorf("listener %s %d: %w", w.Protocol, w.Port, err)
			}
		case all[i].Owner != m.owner.tag():
			return fmt.Errorf("port %d of %s has a listener already, %s, which was not made here. Choose another port, or take that listener away", w.Port, b.ID, all[i].ID)
		case m.api.same(all[i], w):
			if err := m.api.changeListener(ctx, b, all[i], w); err != nil {
				return fmt.Errorf("listener %s %d: %w", w.Protocol, w.Port, err)
			}
		}
	}
	return nil
}

// Unwanted gives the listeners of ours that are not wanted, or have to be made anew.
func (m *Maker) Unwanted(have, want []Listener) []Listener {
	return slices.DeleteFunc(slices.Clone(have), func(l Listener) bool {
		return slices.ContainsFunc(want, func(w Listener) bool { return w.Port == l.Port && m.api.same(l, w) })
	})
}

// Unlisten takes listeners away, with the rules that are on them.
func (m *Maker) Unlisten(ctx context.Context, b *Balancer, these []Listener) error {
	for _, l := range these {
		m.report(fmt.Sprintf("%s: taking the listener %s %d away", b.ID, l.Protocol, l.Port))
		if err := m.api.dropListener(ctx, b, l); err != nil {
			return fmt.Errorf("listener %s %d: %w", l.Protocol, l.Port, err)
		}
	}
	return nil
}

// Protected says whether a load balancer that was made here cannot be taken away.
func (m *Maker) Protected(b *Balancer) bool { return b != nil && m.Made(b) && *b.Protected }

// Remove takes away all that is the owner's: listeners, the empty server group, and the load balancer if it was made here. It leaves
// listeners alone that have rules of others, and says so. What is gone already is no error.
func (m *Maker) Remove(ctx context.Context, id string) error {
	b, err := m.api.get(ctx, id)
	if err != nil {
		return err
	}
	if b == nil {
		m.report(id + " is gone already")
		return m.api.dropGroups(ctx, id)
	}
	if m.Protected(b) {
		return fmt.Errorf("the load balancer %s is protected from deletion. Set delete_protection = \"off\" and apply, then destroy", id)
	}
	ours, err := m.Listeners(ctx, id)
	if err != nil {
		return err
	}
	for _, l := range ours {
		rules, err := m.api.rules(ctx, b, l)
		if err != nil {
			return err
		}
		if len(rules) > 0 {
			return fmt.Errorf("the listener %s %d of %s has %d rules that Terraform did not make: %s. They may be those of another SLBIngress, or made by hand. Take them away, or remove this resource from the state (terraform state rm), then destroy again",
				l.Protocol, l.Port, id, len(rules), strings.Join(rules[:min(len(rules), 5)], ", "))
		}
	}
	if err := m.Unlisten(ctx, b, ours); err != nil {
		return err
	}
	if err := m.api.dropGroups(ctx, id); err != nil {
		return err
	}
	if !m.Made(b) {
		m.report(id + " was adopted: it stays")
		return nil
	}
	m.report("taking " + id + " away")
	return m.api.drop(ctx, id)
}
