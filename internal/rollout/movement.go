package rollout

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// movement is what a change does to the shares of requests, however it is written.
type movement struct {
	// from is what was asked for before, served what requests are given now, and to what is asked for.
	from, served, to map[string]int64
	// stable and previous are what one may always go back to; empty where there is none.
	stable, previous string
	// forward is how far each other Revision rises that rises at all.
	forward map[string]int64
}

// newMovement resolves what "latest" means before and after a change:
//
//	template   Knative has taken up the last one   latest before     latest after
//	the same   yes                                 latest created    latest created
//	the same   no                                  the new one       the new one
//	changes    yes                                 latest created    the new one
//	changes    no                                  nothing known     the new one
//
// and then tells what rises. A Revision rises where more is asked for it than before; it rises from what it is served, where that
// is less than what was asked for: a step that is asked for twice before it is carried out is not two small ones.
func newMovement(old, next *Service, f Facts, now time.Time) movement {
	m := movement{from: map[string]int64{}, served: map[string]int64{}}
	before, after := "", newRevision
	if next.NewRevision != "" {
		after = next.NewRevision
	}
	if old != nil {
		before = old.LatestCreated
		switch {
		case old.Template != next.Template && !old.Settled:
			before = "a Revision that is not there yet"
		case old.Template == next.Template && old.Settled:
			after = before
		case old.Template == next.Template:
			before = after
		}
		m.from, m.served = byRevision(old.Traffic, before), byRevision(old.Serving, "")
	}
	m.to = byRevision(next.Traffic, after)
	m.anchor(old, next, before, after, f, now)
	m.rise(old == nil || len(m.served) == 0)
	return m
}

// anchor finds what one may always go back to:
//
//	the record is           a Service of this name was      what it runs is               stable
//	of this Service         –                               –                             the record's
//	of none, or another     deleted, less than a day ago    what the stable one ran       the Revision that runs it
//	of none, or another     deleted, less than a day ago    something else                none: it rises from 0
//	of none, or another     –                               –                             what serves most, the older of equals
func (m *movement) anchor(old, next *Service, before, after string, f Facts, now time.Time) {
	uid := ""
	if old != nil {
		uid = old.UID
	}
	former := formerTemplate(f.Record, uid, now)
	switch {
	case string(f.Record.ServiceUID) == uid && f.Record.Stable != "":
		m.stable, m.previous = f.Record.Stable, f.Record.Previous
	case former != "" && next.Runs == former:
		m.stable = after
	case former != "" && old != nil && old.Runs == former:
		m.stable = before
	case former != "":
		m.stable = lost
	default:
		m.stable = most(m.from, m.served, f.Revisions)
	}
}

// lost stands for a stable Revision that was deleted with its Service: nothing can go back to it.
const lost = "Revision, which was deleted with its Service"

// formerTemplate is what the stable Revision of a deleted Service of this name ran, or "".
func formerTemplate(r v1alpha1.RolloutRecordStatus, uid string, now time.Time) string {
	switch {
	case string(r.ServiceUID) != uid && r.StableTemplate != "": // deleted a moment ago: the record has not caught up
		return r.StableTemplate
	case r.Former != nil && now.Before(r.Former.Deleted.Add(v1alpha1.FormerKept)):
		return r.Former.Template
	}
	return ""
}

// most is the Revision that serves most of what it was asked to serve, the older of equals.
func most(from, served map[string]int64, revisions map[string]Revision) string {
	best := ""
	for _, name := range slices.Sorted(maps.Keys(served)) {
		share, bestShare := min(from[name], served[name]), min(from[best], served[best])
		if share > bestShare || share == bestShare && share > 0 && revisions[name].Created.Before(revisions[best].Created) {
			best = name
		}
	}
	return best
}

// rise fills in forward. A first Revision rises over nothing: while nothing is served, and nothing ever was, every split is as good.
func (m *movement) rise(nothingServed bool) {
	m.forward = map[string]int64{}
	if m.stable == "" && nothingServed {
		return
	}
	for name, percent := range m.to {
		if name != m.stable && name != m.previous && percent > m.from[name] {
			m.forward[name] = percent - min(m.from[name], m.served[name])
		}
	}
}

// raised are the Revisions that rise, by name.
func (m *movement) raised() []string { return slices.Sorted(maps.Keys(m.forward)) }

// who names the Revisions that rise.
func (m *movement) who() string { return strings.Join(m.raised(), " and ") }
