package rollout

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// Seen is what there is to see of a Service that exists.
type Seen struct {
	Service   Service
	Revisions map[string]Revision
	// BakeTime is how long a Revision has all requests until it is stable.
	BakeTime time.Duration
	// By is who changed the Service last, and Bypass the reason if rules were bypassed.
	By, Bypass string
}

// Observe brings a record up to what is seen, and says when to look again without a change: the zero time for never.
func Observe(r v1alpha1.RolloutRecordStatus, s Seen, now time.Time) (v1alpha1.RolloutRecordStatus, time.Time) {
	r = *r.DeepCopy()
	if r.ServiceUID != types.UID(s.Service.UID) {
		r = v1alpha1.RolloutRecordStatus{ServiceUID: types.UID(s.Service.UID), Former: formerOf(r, now), History: r.History}
	}
	r.Serving = serving(r, s, now)
	noteChange(&r, s, now)
	again := promote(&r, s, now)
	return r, again
}

// ObserveDeleted brings a record up to the deletion of its Service.
func ObserveDeleted(r v1alpha1.RolloutRecordStatus, now time.Time) v1alpha1.RolloutRecordStatus {
	return v1alpha1.RolloutRecordStatus{Former: formerOf(r, now), History: r.History}
}

// formerOf is what a Service that takes the name of this one is held to.
func formerOf(r v1alpha1.RolloutRecordStatus, now time.Time) *v1alpha1.FormerService {
	if r.StableTemplate != "" {
		return &v1alpha1.FormerService{Template: r.StableTemplate, Deleted: metav1.NewTime(now)}
	}
	return r.Former
}

// serving is what gets requests, each since when.
func serving(r v1alpha1.RolloutRecordStatus, s Seen, now time.Time) []v1alpha1.ServingRevision {
	var out []v1alpha1.ServingRevision
	for _, share := range list(byRevision(s.Service.Serving, "")) {
		is := v1alpha1.ServingRevision{Share: share, Since: metav1.NewTime(now)}
		var wholeSince *metav1.Time
		if i := slices.IndexFunc(r.Serving, func(w v1alpha1.ServingRevision) bool { return w.Revision == share.Revision }); i >= 0 {
			is.Since, wholeSince = r.Serving[i].Since, r.Serving[i].WholeSince
		}
		if share.Percent == 100 && s.Revisions[share.Revision].Ready {
			if is.WholeSince = wholeSince; wholeSince == nil {
				is.WholeSince = &metav1.Time{Time: now}
			}
		}
		out = append(out, is)
	}
	return out
}

// noteChange writes down a split that is not the one on record. While Knative has not taken up the template, there is none to
// write down.
//
//	what rises                                       kind       the last step is now    rolled back from
//	nothing before it                                Other      –                       –
//	any but the stable one or the one before it      Forward    yes                     –
//	only those                                       Rollback   –                       what falls to 0 and is not one of them
//	nothing                                          Other      –                       –
func noteChange(r *v1alpha1.RolloutRecordStatus, s Seen, now time.Time) {
	split, settled := s.Service.declared()
	from, to := r.Split, list(split)
	if !settled || slices.Equal(from, to) {
		return
	}
	r.Split = to
	m := movement{from: map[string]int64{}, served: byRevision(s.Service.Serving, ""), to: split, stable: r.Stable, previous: r.Previous}
	for _, share := range from {
		m.from[share.Revision] = share.Percent
	}
	if m.stable == "" {
		m.stable = most(m.from, m.from, s.Revisions)
	}
	m.rise(len(from) == 0)
	kind := "Other"
	switch {
	case len(from) == 0:
	case len(m.forward) > 0:
		kind, r.LastStep = "Forward", &metav1.Time{Time: now}
	case m.to[m.stable] > m.from[m.stable] || m.to[m.previous] > m.from[m.previous]:
		kind = "Rollback"
		for _, name := range slices.Sorted(maps.Keys(m.from)) {
			if m.to[name] == 0 && name != m.previous && name != m.stable {
				rolledBack(r, name)
			}
		}
	}
	r.History = slices.Insert(r.History, 0, v1alpha1.SplitChange{Time: metav1.NewTime(now), By: s.By, Kind: kind, From: from, To: to, Bypass: s.Bypass})
	r.History = r.History[:min(len(r.History), v1alpha1.RecordKept)]
}

// promote finds the stable Revision, and says when it might be another with nothing else changed.
//
//	has all requests while Ready    it is               then
//	–                               –                   as it was
//	yes                             stable              as it was
//	yes                             the one before      stable at once; what was stable is rolled back from, and none is before
//	yes                             another, none yet   stable at once: there is nothing else to go back to
//	yes, for less than bakeTime     another             as it was; to be looked at when bakeTime is over
//	yes, for bakeTime               another             stable; what was stable is the one before
func promote(r *v1alpha1.RolloutRecordStatus, s Seen, now time.Time) time.Time {
	i := slices.IndexFunc(r.Serving, func(w v1alpha1.ServingRevision) bool { return w.WholeSince != nil })
	if i < 0 || r.Serving[i].Revision == r.Stable {
		return time.Time{}
	}
	name, due := r.Serving[i].Revision, r.Serving[i].WholeSince.Add(s.BakeTime)
	switch {
	case name == r.Previous:
		rolledBack(r, r.Stable)
		r.Previous = ""
	case r.Stable == "":
	case now.Before(due):
		return due
	default:
		r.Previous = r.Stable
	}
	r.Stable, r.StableTemplate, r.Former = name, s.Revisions[name].Runs, nil
	r.RolledBack = slices.DeleteFunc(r.RolledBack, func(b string) bool { return b == name })
	return time.Time{}
}

func rolledBack(r *v1alpha1.RolloutRecordStatus, name string) {
	r.RolledBack = slices.DeleteFunc(r.RolledBack, func(b string) bool { return b == name })
	r.RolledBack = slices.Insert(r.RolledBack, 0, name)
	r.RolledBack = r.RolledBack[:min(len(r.RolledBack), v1alpha1.RecordKept)]
}
