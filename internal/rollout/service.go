package rollout

import (
	"cmp"
	"slices"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Service is what the rules see of a Knative Service. In the Service after a change, what Knative has found out (Settled and
// below) is not looked at: the change has not reached Knative yet.
type Service struct {
	Name string
	// UID is empty where the Service is about to be made.
	UID string
	// Traffic is the split that is asked for, with Knative's default written out: 100 % to the latest.
	Traffic []Target
	// Template tells one template from another: where it changes, Knative makes a new Revision.
	Template string
	// Runs tells what Pods of the template run, whatever its name and annotations.
	Runs string
	// NewRevision is the name that the template gives its Revision; empty where Knative makes one up.
	NewRevision string

	// Settled says that Knative has taken up the template, so that LatestCreated is the template's Revision.
	Settled bool
	// LatestCreated is the Revision of the latest template, which the target "latest" leads to as soon as it is Ready.
	LatestCreated string
	// Serving are the shares that requests are given now, each of a Revision.
	Serving []Target
}

// Revision is what the rules see of a Knative Revision.
type Revision struct {
	// Service is the name of the Service that it belongs to.
	Service string
	Ready   bool
	Created time.Time
	// Runs tells what its Pods run, as Service.Runs does.
	Runs string
}

// Facts is what a decision goes by, beside the change itself.
type Facts struct {
	// Revisions are those of the Service and those that targets name, by name.
	Revisions map[string]Revision
	// Record is what the guard remembers of the Service; its zero value is no record.
	Record v1alpha1.RolloutRecordStatus
	// Policies are those that govern the Service.
	Policies []Policy
}

// newRevision stands for the Revision of a template that Knative has not taken up: it has no name yet.
const newRevision = "the new Revision"

// byRevision adds up what each Revision gets: several targets on one Revision are one share, whatever their tags.
func byRevision(traffic []Target, latest string) map[string]int64 {
	out := make(map[string]int64, len(traffic))
	for _, t := range traffic {
		name := t.Revision
		if t.Latest {
			name = latest
		}
		out[name] += t.Percent
	}
	return out
}

// list is a split as the record keeps it: by name, without the Revisions that get nothing.
func list(split map[string]int64) []v1alpha1.Share {
	var out []v1alpha1.Share
	for name, percent := range split {
		if percent > 0 {
			out = append(out, v1alpha1.Share{Revision: name, Percent: percent})
		}
	}
	slices.SortFunc(out, func(a, b v1alpha1.Share) int { return cmp.Compare(a.Revision, b.Revision) })
	return out
}

// declared is the split that a Service asks for, and false where Knative has yet to make the Revision that "latest" means.
func (s *Service) declared() (map[string]int64, bool) {
	if !s.Settled {
		return byRevision(s.Traffic, newRevision), false
	}
	return byRevision(s.Traffic, s.LatestCreated), true
}
