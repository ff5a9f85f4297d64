package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TargetExists is the name of the rule that a pinned Revision is there, and is the Service's.
const TargetExists = "target-exists"

// CheckTargetExists refuses a pinned Revision that does not exist or belongs to another Service. Knative itself finds out only
// when it carries the split out, and then holds back every other target as well.
//
//	the target is        and the Revision           verdict
//	the latest           –                          allowed
//	a Revision           is the Service's           allowed
//	a Revision           is another Service's       refused
//	a Revision           does not exist             refused
//
// owners gives the Service of each Revision of the namespace, those included that are about to be made.
func CheckTargetExists(targets []Target, service string, owners map[string]string) []Violation {
	var out []Violation
	for i, t := range targets {
		if t.Revision == "" {
			continue
		}
		owner, exists := owners[t.Revision]
		if owner == service && exists {
			continue
		}
		observed := fmt.Sprintf("The Revision %q belongs to the Service %q.", t.Revision, owner)
		if !exists {
			observed = fmt.Sprintf("The Revision %q does not exist.", t.Revision)
		}
		out = append(out, Violation{TargetExists, i, "revisionName", observed, fmt.Sprintf("A target is a Revision of %q.", service), choice(service, owners)})
	}
	return out
}

// choice names the Revisions of a Service: the way out is one of them.
func choice(service string, owners map[string]string) string {
	var names []string
	for _, revision := range slices.Sorted(maps.Keys(owners)) {
		if owners[revision] == service {
			names = append(names, revision)
		}
	}
	if len(names) == 0 {
		return "It has none yet."
	}
	return fmt.Sprintf("It has: %s.", strings.Join(names, ", "))
}
