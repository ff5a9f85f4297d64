package rollout

import (
	"fmt"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// LiveRevision is the name of the rule that a Revision in use is not deleted.
const LiveRevision = "live-revision"

// CheckLiveRevision refuses to delete a Revision that is in use; service is nil where its Service is gone.
//
//	its Service   the Revision                                    verdict
//	is gone       –                                               allowed
//	is there      has a share, asked for or served                refused
//	is there      has a tag                                       refused
//	is there      is the latest, and a target is the latest       refused
//	is there      is stable, or the stable one before it          refused
//	is there      is none of these                                allowed
func CheckLiveRevision(revision string, service *Service, record v1alpha1.RolloutRecordStatus) []Violation {
	if service == nil {
		return nil
	}
	refuse := func(observed, wayOut string) []Violation {
		return []Violation{{LiveRevision, -1, "", fmt.Sprintf("The Revision %q %s.", revision, observed),
			"A Revision that is in use, or is there to go back to, may not be deleted.", wayOut}}
	}
	leads := func(t Target) bool { return t.Revision == revision || t.Latest && service.LatestCreated == revision }
	ofService := string(record.ServiceUID) == service.UID
	switch {
	case slices.ContainsFunc(slices.Concat(service.Traffic, service.Serving), func(t Target) bool { return leads(t) && t.Percent > 0 }):
		return refuse("gets requests", "Give its requests to another Revision first.")
	case slices.ContainsFunc(service.Traffic, func(t Target) bool { return leads(t) && t.Tag != "" }):
		return refuse("has a tag", "Remove the target with this tag first.")
	case slices.ContainsFunc(service.Traffic, leads):
		return refuse("is a target of the split", "Remove the target first.")
	case ofService && record.Stable == revision:
		return refuse("is the stable one", "It can go when two later Revisions have become stable.")
	case ofService && record.Previous == revision:
		return refuse("is the stable one before the present one", "It can go when another Revision has become stable.")
	}
	return nil
}
