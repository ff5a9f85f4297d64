package dispatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestProperties drives a line at random, and after each step holds it to what is promised.
func TestProperties(t *testing.T) {
	for seed := range uint64(300) {
		w := &world{Line: New(), rnd: rand.New(rand.NewPCG(seed, 1)), now: start, in: map[EventID]Pod{}, out: map[EventID]bool{}}
		for step := range 400 {
			what := w.step()
			w.take(w.Tick(w.now)) // as the clock does where Next says so
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
	for _, p := range w.listed {
		line := w.waiting[p.Revision]
		if !w.hasEvent(p) && !w.pods[p].aside.After(w.now) && line != nil && line.Len() > 0 {
			return fmt.Errorf("%d events wait beside %v, which is idle", line.Len(), p)
		}
	}
	return nil
}

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
