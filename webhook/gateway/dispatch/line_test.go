package dispatch

import (
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
