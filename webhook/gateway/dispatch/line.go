// Package dispatch decides which event goes to which Pod, and when: one event a Pod, none beside an idle Pod, none lost, none twice.
// It is a state machine of values: what happens comes in with the time, and what is to be done comes out.
package dispatch

import (
	"container/list"
	"slices"
	"time"
)

// EventID names an event. The caller never uses one twice.
type EventID uint64

// Limits are those of a policy.
type Limits struct {
	// Max is how many Pods may have an event at once; 0 is no limit.
	Max int
	// MaxQueue is how many events may wait beyond Max.
	MaxQueue int
	// Idle is how long a Pod is asked for after its event has ended.
	Idle time.Duration
}

// unlimited stands for a Max of 0 where the line's length is bounded: the most that a policy can ask for.
const unlimited = 10_000

// Pod can take events. Two are the same Pod where both fields are.
type Pod struct {
	// Revision is the one that it runs.
	Revision string
	// Name is unique among all Pods that there ever are: a UID, or a name with its address.
	Name string
}

// Grant says that an event goes to a Pod, now.
type Grant struct {
	Event EventID
	Pod   Pod
}

// Line is the events of one policy, and the Pods for them. It is not safe for use by several at once.
//
// An event is in one of three states, and a Pod in one of four:
//
//	event            Arrive → waiting → Grant → in a Pod → Done → gone
//	                             ↑  Leave → gone    │
//	                             └──── Refused ─────┘   nothing of it was sent; it is the first of the line again
//
//	Pod              listed by Pods?   has an event?
//	                 yes               no               idle: gets the first event of its Revision at once
//	                 yes               yes              busy
//	                 no                yes              leaving: its event goes on; it gets no other
//	                 no                no               forgotten
//
// A Pod that refused is listed and yet gets nothing, until a while has passed.
type Line struct {
	limits  Limits
	split   split
	seq     uint64
	waiting map[string]*list.List // of *event, by Revision, in the order of arrival
	events  map[EventID]*event
	pods    map[Pod]*pod
	idle    map[string][]*pod // by Revision; the last used is the last
	busy    int
	kept    map[string][]time.Time // by Revision: until when a Pod is asked for after its event; the last to end is the last
	took    time.Duration          // what an event took in its Pod, smoothed
}

type event struct {
	id       EventID
	seq      uint64
	revision string
	place    *list.Element // in the line, while it waits
	pod      *pod          // while it is in one
	since    time.Time     // when it got its Pod
}

type pod struct {
	Pod
	listed bool
	idle   bool // it is in Line.idle
	event  *event
	aside  time.Time // it refused: nothing goes to it before
}

// New makes an empty line.
func New() *Line {
	return &Line{
		waiting: map[string]*list.List{}, events: map[EventID]*event{}, pods: map[Pod]*pod{},
		idle: map[string][]*pod{}, kept: map[string][]time.Time{},
	}
}

// Arrive takes an event in, or says that the line is full. An event that is taken in gets a Grant: in this answer or in a later one.
func (l *Line) Arrive(id EventID, now time.Time) (grants []Grant, full bool) {
	limit := l.limits.Max
	if limit == 0 {
		limit = unlimited
	}
	if len(l.events) >= limit+l.limits.MaxQueue {
		return nil, true
	}
	l.seq++
	e := &event{id: id, seq: l.seq, revision: l.split.next()}
	l.events[id] = e
	e.place = l.line(e.revision).PushBack(e)
	l.takeKept(e.revision, now)
	return l.grant(now), false
}

// Done says that an event has left its Pod, whatever came of it.
func (l *Line) Done(id EventID, now time.Time) []Grant {
	e := l.events[id]
	if e == nil || e.pod == nil {
		return nil
	}
	delete(l.events, id)
	l.measure(now.Sub(e.since))
	l.keep(e.revision, now)
	l.free(e)
	return l.grant(now)
}

// Leave says that nobody waits for an event any more. It has no effect on one that is in a Pod: that one ends with Done.
func (l *Line) Leave(id EventID) {
	e := l.events[id]
	if e == nil || e.place == nil {
		return
	}
	delete(l.events, id)
	l.line(e.revision).Remove(e.place)
}

// Refused says that a Pod took nothing of an event: it did not even take a connection. The event is the first of its line again, and
// the Pod gets none for a while.
func (l *Line) Refused(id EventID, now time.Time, aside time.Duration) []Grant {
	e := l.events[id]
	if e == nil || e.pod == nil {
		return nil
	}
	e.pod.aside = now.Add(aside)
	l.free(e)
	l.putBack(e)
	if !l.split.has(e.revision) {
		l.assign()
	}
	return l.grant(now)
}

// Pods says which Pods can take events, all of them.
func (l *Line) Pods(pods []Pod, now time.Time) []Grant {
	for _, p := range l.pods {
		p.listed = false
	}
	for _, name := range pods {
		p := l.pods[name]
		if p == nil {
			p = &pod{Pod: name}
			l.pods[name] = p
		}
		p.listed = true
		if p.event == nil && !p.idle {
			l.rest(p)
		}
	}
	for name, p := range l.pods {
		if !p.listed && p.event == nil {
			delete(l.pods, name)
		}
	}
	for revision, idle := range l.idle {
		l.idle[revision] = slices.DeleteFunc(idle, func(p *pod) bool { return !p.listed })
	}
	return l.grant(now)
}

// Configure says what the policy and the traffic of its target are.
func (l *Line) Configure(limits Limits, shares []Share, now time.Time) []Grant {
	l.limits = limits
	if l.split.set(shares) {
		l.assign()
	}
	return l.grant(now)
}

// Evict empties the line: somebody else dispatches now. Events in Pods stay.
func (l *Line) Evict() []EventID {
	var out []EventID
	for _, e := range l.inOrder() {
		l.Leave(e.id)
		out = append(out, e.id)
	}
	return out
}

// Tick is for the time that Next told.
func (l *Line) Tick(now time.Time) []Grant { return l.grant(now) }
