package dispatch

import (
	"container/list"
	"slices"
	"time"
)

// grant gives idle Pods to waiting events, first come first served.
func (l *Line) grant(now time.Time) []Grant {
	var out []Grant
	for l.limits.Max == 0 || l.busy < l.limits.Max {
		e, p := l.match(now)
		if e == nil {
			break
		}
		l.line(e.revision).Remove(e.place)
		e.place, e.pod, e.since, p.event = nil, p, now, e
		p.idle = false
		l.idle[p.Revision] = slices.DeleteFunc(l.idle[p.Revision], func(o *pod) bool { return o == p })
		l.busy++
		out = append(out, Grant{Event: e.id, Pod: p.Pod})
	}
	return out
}

// match finds the event that has waited longest of those for which there is an idle Pod, and the Pod that was used last, so that
// others may be scaled in.
func (l *Line) match(now time.Time) (first *event, to *pod) {
	for revision, line := range l.waiting {
		if line.Len() == 0 {
			continue
		}
		e := line.Front().Value.(*event)
		if first != nil && first.seq < e.seq {
			continue
		}
		for _, p := range slices.Backward(l.idle[revision]) {
			if !now.Before(p.aside) {
				first, to = e, p
				break
			}
		}
	}
	return first, to
}

// free takes an event from its Pod.
func (l *Line) free(e *event) {
	p := e.pod
	e.pod, p.event = nil, nil
	l.busy--
	if p.listed {
		l.rest(p)
	} else {
		delete(l.pods, p.Pod)
	}
}

// putBack puts an event where it was in the line: it is older than all that came after it.
func (l *Line) putBack(e *event) {
	line := l.line(e.revision)
	for at := line.Front(); at != nil; at = at.Next() {
		if at.Value.(*event).seq > e.seq {
			e.place = line.InsertBefore(e, at)
			return
		}
	}
	e.place = line.PushBack(e)
}

func (l *Line) line(revision string) *list.List {
	if l.waiting[revision] == nil {
		l.waiting[revision] = list.New()
	}
	return l.waiting[revision]
}

func (l *Line) rest(p *pod) {
	p.idle = true
	l.idle[p.Revision] = append(l.idle[p.Revision], p)
}
