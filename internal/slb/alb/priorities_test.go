package alb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPriorities(t *testing.T) {
	for name, test := range map[string]struct {
		order    []string
		now      map[string]int
		taken    map[int]bool
		from, to int
		want     map[string]int
	}{
		"the first ones":             {order: []string{"a", "b"}, to: 10000, want: map[string]int{"a": 100, "b": 200}},
		"one between":                {order: []string{"a", "x", "b"}, now: map[string]int{"a": 100, "b": 200}, to: 10000, want: map[string]int{"a": 100, "x": 150, "b": 200}},
		"one before":                 {order: []string{"x", "a"}, now: map[string]int{"a": 100}, to: 10000, want: map[string]int{"x": 50, "a": 100}},
		"one behind":                 {order: []string{"a", "x"}, now: map[string]int{"a": 100}, to: 10000, want: map[string]int{"a": 100, "x": 200}},
		"one gone":                   {order: []string{"b"}, now: map[string]int{"a": 100, "b": 200}, to: 10000, want: map[string]int{"b": 200}},
		"no room between: one moves": {order: []string{"a", "x", "b", "c"}, now: map[string]int{"a": 1, "b": 2, "c": 500}, to: 10000, want: map[string]int{"a": 1, "x": 101, "b": 201, "c": 500}},
		"the last place":             {order: []string{"a", "x"}, now: map[string]int{"a": 3}, from: 1, to: 3, want: map[string]int{"a": 1, "x": 2}},
		"someone else's are left":    {order: []string{"a", "b"}, taken: map[int]bool{2: true}, from: 1, to: 3, want: map[string]int{"a": 1, "b": 3}},
		"more rules than places":     {order: []string{"a", "b", "c"}, from: 5, to: 6, want: map[string]int{"a": 5, "b": 6}},
		"turned round":               {order: []string{"b", "a"}, now: map[string]int{"a": 100, "b": 200}, to: 10000, want: map[string]int{"b": 200, "a": 300}},
		"outside of the range":       {order: []string{"a"}, now: map[string]int{"a": 7}, from: 10, to: 20, want: map[string]int{"a": 20}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, priorities(test.order, test.now, test.taken, test.from, test.to)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// However rules come and go: all are placed in their order, in the range, and not where another's is; and rules that
// come into a wide range hardly ever move another.
func TestPrioritiesHold(t *testing.T) {
	rand := rand.New(rand.NewPCG(1, 1))
	for _, size := range []int{12, 60, 10000} {
		taken := map[int]bool{3: true, 7: true}
		now, order, moves := map[string]int{}, []string{}, 0
		for step := range 400 {
			if len(order) > 8 || len(order) > 0 && rand.IntN(2) == 0 {
				order = slices.Delete(order, 0, 1)
			} else {
				order = slices.Insert(order, rand.IntN(len(order)+1), fmt.Sprint(step))
			}
			next := priorities(order, now, taken, 1, size)
			last := 0
			for _, key := range order {
				p := next[key]
				if p <= last || p > size || taken[p] {
					t.Fatalf("step %d of %d: %v in %v", step, size, next, order)
				}
				if now[key] != 0 && now[key] != p {
					moves++
				}
				last = p
			}
			now = next
		}
		if size == 10000 && moves > 4 {
			t.Fatalf("%d times a rule moved in 400 steps", moves)
		}
	}
}
