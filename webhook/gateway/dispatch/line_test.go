package dispatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

func pods(revision string, names ...string) []Pod {
	var out []Pod
	for _, n := range names {
		out = append(out, Pod{Revision: revision, Name: n})
	}
	return out
}

// newLine is of a target with one Revision, a.
func newLine(limits Limits) *Line {
	l := New()
	l.Configure(limits, []Share{{"a", 100}}, start)
	return l
}

func grants(pairs ...any) []Grant {
	var out []Grant
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Grant{Event: EventID(pairs[i].(int)), Pod: Pod{Revision: "a", Name: pairs[i+1].(string)}})
	}
	return out
}

func same(t *testing.T, got, want []Grant) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}

func arrive(t *testing.T, l *Line, id EventID, now time.Time) []Grant {
	t.Helper()
	got, full := l.Arrive(id, now)
	if full {
		t.Errorf("event %d: the line is full", id)
	}
	return got
}

func TestEventWaitsForItsPod(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	same(t, arrive(t, l, 1, at(0)), nil)
	same(t, arrive(t, l, 2, at(1)), nil)
	if diff := cmp.Diff(map[string]int{"a": 2}, l.Want(at(1))); diff != "" {
		t.Error(diff)
	}
	same(t, l.Pods(pods("a", "x"), at(10)), grants(1, "x"))
	same(t, l.Pods(pods("a", "x", "y"), at(11)), grants(2, "y"))
	same(t, l.Done(1, at(20)), nil)
	same(t, arrive(t, l, 3, at(21)), grants(3, "x"))
}

func TestPodThatLeavesKeepsItsEvent(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	l.Pods(pods("a", "x"), at(0))
	same(t, arrive(t, l, 1, at(1)), grants(1, "x"))
	same(t, l.Pods(nil, at(2)), nil)
	same(t, arrive(t, l, 2, at(3)), nil)
	same(t, l.Done(1, at(4)), nil)
	same(t, l.Pods(pods("a", "y"), at(5)), grants(2, "y"))
}

func TestPodThatComesBackWhileItHasAnEvent(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	l.Pods(pods("a", "x"), at(0))
	arrive(t, l, 1, at(1))
	arrive(t, l, 2, at(1))
	l.Pods(nil, at(2))
	same(t, l.Pods(pods("a", "x"), at(3)), nil)
	same(t, l.Done(1, at(4)), grants(2, "x"))
}

func TestMaxBoundsPodsAndTheLine(t *testing.T) {
	l := newLine(Limits{Max: 1, MaxQueue: 1})
	l.Pods(pods("a", "x", "y"), at(0))
	same(t, arrive(t, l, 1, at(1)), grants(1, "y"))
	same(t, arrive(t, l, 2, at(2)), nil)
	if _, full := l.Arrive(3, at(3)); !full {
		t.Error("a third event is let in, where one may be in a Pod and one wait")
	}
	if got := l.RetryAfter(); got != 1 {
		t.Errorf("RetryAfter %d", got)
	}
	same(t, l.Done(1, at(4)), grants(2, "y"))
	same(t, l.Configure(Limits{Max: 2, MaxQueue: 1}, []Share{{"a", 100}}, at(5)), nil)
	same(t, arrive(t, l, 4, at(6)), grants(4, "x"))
}

func TestRefusedEventGoesToAnotherPod(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	l.Pods(pods("a", "x"), at(0))
	same(t, arrive(t, l, 1, at(1)), grants(1, "x"))
	arrive(t, l, 2, at(2))
	same(t, l.Refused(1, at(3), time.Second), nil)
	if got := l.Next(at(3)); !got.Equal(at(1003)) {
		t.Errorf("Next is %s", got)
	}
	same(t, l.Pods(pods("a", "x", "y"), at(4)), grants(1, "y"))
	same(t, l.Tick(at(1002)), nil)
	same(t, l.Tick(at(1003)), grants(2, "x"))
}

func TestWhoLeavesGetsNoPod(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	arrive(t, l, 1, at(0))
	arrive(t, l, 2, at(0))
	l.Leave(1)
	same(t, l.Pods(pods("a", "x"), at(1)), grants(2, "x"))
	l.Leave(2) // it is in a Pod
	same(t, l.Pods(pods("a", "x"), at(2)), nil)
	arrive(t, l, 3, at(3))
	same(t, l.Done(2, at(4)), grants(3, "x"))
}

func TestIdlePodsAreAskedForAWhile(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10, Idle: time.Second})
	l.Pods(pods("a", "x", "y"), at(0))
	arrive(t, l, 1, at(0))
	arrive(t, l, 2, at(0))
	l.Done(1, at(100))
	l.Done(2, at(200))
	for ms, want := range map[int]int{200: 2, 1099: 2, 1100: 1, 1199: 1, 1200: 0} {
		if got := l.Want(at(ms))["a"]; got != want {
			t.Errorf("after %d ms %d are asked for, want %d", ms, got, want)
		}
	}
	if got := l.Next(at(200)); !got.Equal(at(1100)) {
		t.Errorf("Next is %s", got)
	}
	arrive(t, l, 3, at(300)) // takes the place of 2
	for ms, want := range map[int]int{300: 2, 1100: 1, 5000: 1} {
		if got := l.Want(at(ms))["a"]; got != want {
			t.Errorf("with one more, after %d ms %d are asked for, want %d", ms, got, want)
		}
	}
}

func TestSplitIsExact(t *testing.T) {
	l := New()
	l.Configure(Limits{MaxQueue: 1000}, []Share{{"a", 70}, {"b", 30}, {"c", 0}}, start)
	for id := range EventID(200) {
		arrive(t, l, id, at(0))
		if id == 9 {
			if diff := cmp.Diff(map[string]int{"a": 7, "b": 3}, l.Want(at(0))); diff != "" {
				t.Error(diff)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"a": 140, "b": 60}, l.Want(at(0))); diff != "" {
		t.Error(diff)
	}
	l.Configure(Limits{MaxQueue: 1000}, []Share{{"b", 100}}, at(1))
	if diff := cmp.Diff(map[string]int{"b": 200}, l.Want(at(1))); diff != "" {
		t.Error(diff)
	}
	got := l.Pods(pods("b", "x"), at(2))
	if len(got) != 1 || got[0].Event != 0 {
		t.Errorf("after the split has changed the first in line is %v", got)
	}
}

func TestEvictLeavesWhatIsInPods(t *testing.T) {
	l := newLine(Limits{MaxQueue: 10})
	l.Pods(pods("a", "x"), at(0))
	for id := range EventID(4) {
		arrive(t, l, id, at(0))
	}
	if diff := cmp.Diff([]EventID{1, 2, 3}, l.Evict()); diff != "" {
		t.Error(diff)
	}
	if inPods, waiting := l.InFlight(); inPods != 1 || waiting != 0 {
		t.Errorf("%d in Pods, %d waiting", inPods, waiting)
	}
}

// TestProperties drives a line at random, and after each step holds it to what is promised.
func TestProperties(t *testing.T) {
	for seed := range uint64(300) {
		w := &world{Line: New(), rnd: rand.New(rand.NewPCG(seed, 1)), now: start, in: map[EventID]Pod{}, out: map[EventID]bool{}}
		for step := range 400 {
			what := w.step()
			if err := w.check(); err != nil {
				t.Fatalf("seed %d, step %d (%s): %v", seed, step, what, err)
			}
		}
		if err := w.finish(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// world keeps books beside a line.
type world struct {
	*Line
	rnd     *rand.Rand
	now     time.Time
	next    EventID
	listed  []Pod
	split   []Share
	in      map[EventID]Pod  // events in Pods
	out     map[EventID]bool // events that wait
	trouble error
}

func (w *world) step() string {
	w.now = w.now.Add(time.Duration(w.rnd.IntN(400)) * time.Millisecond)
	switch w.rnd.IntN(9) {
	case 0:
		w.listed = nil
		for i := range w.rnd.IntN(12) {
			w.listed = append(w.listed, Pod{Revision: string(rune('a' + w.rnd.IntN(2))), Name: fmt.Sprint(i)})
		}
		w.take(w.Pods(w.listed, w.now))
		return "pods"
	case 1:
		w.split = [][]Share{nil, {{"a", 100}}, {{"b", 100}}, {{"a", 70}, {"b", 30}}}[w.rnd.IntN(4)]
		w.take(w.Configure(Limits{Max: w.rnd.IntN(8), MaxQueue: w.rnd.IntN(20), Idle: time.Second}, w.split, w.now))
		return "configure"
	case 2, 3:
		if id, ok := pick(w.rnd, w.in); ok {
			delete(w.in, id)
			w.take(w.Done(id, w.now))
		}
		return "done"
	case 4:
		if id, ok := pick(w.rnd, w.in); ok {
			delete(w.in, id)
			w.out[id] = true
			w.take(w.Refused(id, w.now, time.Second))
		}
		return "refused"
	case 5:
		if id, ok := pick(w.rnd, w.out); ok {
			delete(w.out, id)
			w.Leave(id)
		}
		return "leave"
	case 6:
		w.take(w.Tick(w.now))
		return "tick"
	default:
		w.next++
		grants, full := w.Arrive(w.next, w.now)
		if !full {
			w.out[w.next] = true
		}
		w.take(grants)
		return "arrive"
	}
}

func (w *world) take(grants []Grant) {
	for _, g := range grants {
		if !w.out[g.Event] {
			w.trouble = fmt.Errorf("event %d got %v, and does not wait", g.Event, g.Pod)
		}
		for id, p := range w.in {
			if p == g.Pod {
				w.trouble = fmt.Errorf("event %d got %v, which has %d", g.Event, g.Pod, id)
			}
		}
		if !slices.Contains(w.listed, g.Pod) {
			w.trouble = fmt.Errorf("event %d got %v, which takes none", g.Event, g.Pod)
		}
		delete(w.out, g.Event)
		w.in[g.Event] = g.Pod
	}
	if limit := w.limits.Max; len(grants) > 0 && limit > 0 && len(w.in) > limit {
		w.trouble = fmt.Errorf("%d events in Pods, and max is %d", len(w.in), limit)
	}
}

func (w *world) check() error {
	if w.trouble != nil {
		return w.trouble
	}
	if inPods, waiting := w.InFlight(); inPods != len(w.in) || waiting != len(w.out) {
		return fmt.Errorf("%d in Pods and %d waiting, want %d and %d", inPods, waiting, len(w.in), len(w.out))
	}
	if len(w.inOrder()) != len(w.out) {
		return fmt.Errorf("%d in line, want %d", len(w.inOrder()), len(w.out))
	}
	want := 0
	for _, n := range w.Want(w.now) {
		want += n
	}
	if len(w.split) > 0 && want < len(w.out) {
		return fmt.Errorf("%d Pods are asked for with %d events waiting", want, len(w.out))
	}
	if w.limits.Max > 0 && len(w.in) >= w.limits.Max {
		return nil
	}
	// Time alone changes things only where Next says so.
	if next := w.Next(w.now); next.After(w.now) || next.IsZero() {
		for _, p := range w.listed {
			if w.hasEvent(p) || w.pods[p].aside.After(w.now) {
				continue
			}
			if line := w.waiting[p.Revision]; line != nil && line.Len() > 0 && !w.due(p) {
				return fmt.Errorf("%d events wait beside %v, which is idle", line.Len(), p)
			}
		}
	}
	return nil
}

// due says that a Pod's time aside is over, and Tick has not been called yet.
func (w *world) due(p Pod) bool { return !w.pods[p].aside.IsZero() }

func (w *world) hasEvent(p Pod) bool {
	for _, o := range w.in {
		if o == p {
			return true
		}
	}
	return false
}

// finish has every Revision get Pods, and sees that every event that waits gets one.
func (w *world) finish() error {
	w.now = w.now.Add(time.Hour)
	w.take(w.Configure(Limits{}, []Share{{"a", 50}, {"b", 50}}, w.now))
	w.listed = slices.Concat(pods("a", "0", "1"), pods("b", "0"))
	w.take(w.Pods(w.listed, w.now))
	for len(w.in) > 0 {
		id, _ := pick(w.rnd, w.in)
		delete(w.in, id)
		w.take(w.Done(id, w.now))
		if err := w.check(); err != nil {
			return err
		}
	}
	if len(w.out) > 0 {
		return fmt.Errorf("%d events never got a Pod", len(w.out))
	}
	return nil
}

// pick takes one at random, the same for the same seed.
func pick[V any](rnd *rand.Rand, from map[EventID]V) (EventID, bool) {
	if len(from) == 0 {
		return 0, false
	}
	ids := make([]EventID, 0, len(from))
	for id := range from {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids[rnd.IntN(len(ids))], true
}
