package alb

import (
	"fmt"
	"slices"
	"strings"
)

// split gives the weights of a rule by group ID.
func (r *rule) split() map[string]int {
	split := map[string]int{}
	for _, a := range r.Actions {
		if a.Forward == nil {
			continue
		}
		for _, t := range a.Forward.Tuples {
			split[t.Group] = t.Weight
			if len(a.Forward.Tuples) == 1 {
				split[t.Group] = full
			}
		}
	}
	return split
}

// inserts are the headers that a rule inserts.
func inserts(actions []action) map[string]string {
	found := map[string]string{}
	for _, a := range actions {
		if a.Insert != nil {
			found[a.Insert.Key] = a.Insert.Value
		}
	}
	return found
}

// text is what conditions and actions say, whatever the order of what has none, to compare them by.
func text(conditions []condition, actions []action) string {
	var parts []string
	for _, c := range conditions {
		parts = append(parts, c.text())
	}
	slices.Sort(parts)
	ordered := slices.SortedStableFunc(slices.Values(actions), func(a, b action) int { return int(a.Order) - int(b.Order) })
	for _, a := range ordered {
		parts = append(parts, a.text())
	}
	return strings.Join(parts, "\n")
}

func (c condition) text() string {
	switch {
	case c.Type == "Host" && c.Host != nil:
		return fmt.Sprintf("Host %q", slices.Sorted(slices.Values(c.Host.Values)))
	case c.Type == "Path" && c.Path != nil:
		return fmt.Sprintf("Path %q", slices.Sorted(slices.Values(c.Path.Values)))
	case c.Type == "Header" && c.Header != nil:
		return fmt.Sprintf("Header %s=%q", strings.ToLower(c.Header.Key), c.Header.Values)
	}
	return c.Type
}

func (a action) text() string {
	switch {
	case a.Type == "ForwardGroup" && a.Forward != nil:
		return fmt.Sprint("ForwardGroup ", (&rule{Actions: []action{a}}).split()) // fmt sorts maps
	case a.Type == "Redirect" && a.Redirect != nil:
		return fmt.Sprintf("Redirect %s:%s %s", a.Redirect.Protocol, a.Redirect.Port, a.Redirect.Code)
	case a.Type == "Rewrite" && a.Rewrite != nil:
		return fmt.Sprintf("Rewrite %s %s %s", a.Rewrite.Host, a.Rewrite.Path, a.Rewrite.Query)
	case a.Type == "InsertHeader" && a.Insert != nil:
		return fmt.Sprintf("InsertHeader %s=%q", a.Insert.Key, a.Insert.Value)
	}
	return a.Type
}
