package demand

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestPods(t *testing.T) {
	for name, tc := range map[string]struct {
		value, target float64
		pods          int32
		says          string
	}{
		"nothing":             {0, 5, 0, ""},
		"a little":            {0.001, 5, 1, ""},
		"a whole one":         {5, 5, 1, ""},
		"a little more":       {5.001, 5, 2, ""},
		"23 of 5":             {23, 5, 5, ""},
		"parts":               {1.1, 0.1, 11, ""},
		"parts of parts":      {0.7, 0.1, 7, ""},
		"large":               {1e6, 100, Most, ""},
		"beyond int32":        {1e300, 1e-300, Most, ""}, // infinite as a quotient
		"no number":           {math.NaN(), 5, 0, "the value is NaN"},
		"infinite":            {math.Inf(1), 5, 0, "the value is +Inf"},
		"negative":            {-1, 5, 0, "the value is -1, and no amount is below 0"},
		"no target":           {1, 0, 0, "the target is 0: it has to be a number above 0"},
		"a negative target":   {1, -5, 0, "the target is -5"},
		"a target of no kind": {1, math.NaN(), 0, "the target is NaN"},
		"an endless target":   {1, math.Inf(1), 0, "the target is +Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			pods, err := Pods(tc.value, tc.target)
			if pods != tc.pods || (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %d, %v; want %d that says %q", pods, err, tc.pods, tc.says)
			}
		})
	}
}

var begin = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

// A row of what is heard, as "12s 5" or "15s fails", and what is asked for at a moment: the table above Floor, line by line.
func TestFloor(t *testing.T) {
	s := Settings{Stabilization: time.Minute, KeepLast: 2 * time.Minute}
	for name, tc := range map[string]struct {
		heard string
		at    string
		want  string // the floor, and until when it holds
	}{
		"nothing heard":                   {"", "10s", "0 for good"},
		"only failures":                   {"0s fails", "10s", "0 for good"},
		"one answer":                      {"0s 5", "10s", "5 for good"},
		"one answer, long ago":            {"0s 5", "10h", "5 for good"},
		"up at once":                      {"0s 5, 15s 9", "15s", "9 for good"},
		"not down at once":                {"0s 9, 15s 5", "16s", "9 until 1m15s"},
		"down after the window":           {"0s 9, 15s 5", "1m15s", "5 for good"},
		"down to nothing":                 {"0s 9, 15s 0", "1m15s", "0 for good"},
		"down in steps":                   {"0s 9, 15s 5, 30s 2", "1m20s", "5 until 1m30s"},
		"down and up is no change":        {"0s 9, 15s 5, 30s 9", "1m20s", "9 for good"},
		"a spike counts for a window":     {"0s 2, 15s 9, 30s 2", "1m29s", "9 until 1m30s"},
		"the window is after its end":     {"0s 9, 10m 2", "10m59s", "9 until 11m0s"},
		"it fails, and the last counts":   {"0s 5, 15s fails", "1m59s", "5 until 2m0s"},
		"it fails, and it is over":        {"0s 5, 15s fails", "2m0s", "0 for good"},
		"it failed, and answers again":    {"0s 5, 15s fails, 30s 4", "10m", "4 for good"},
		"it fails while it comes down":    {"0s 9, 15s 5, 30s fails", "1m10s", "9 until 1m15s"},
		"it fails after it came down":     {"0s 9, 15s 5, 30s fails", "1m15s", "5 until 2m15s"},
		"it comes back after it was over": {"0s 5, 15s fails, 10m 3", "10m30s", "3 for good"},
	} {
		t.Run(name, func(t *testing.T) {
			var d Demand
			hear(t, &d, tc.heard, s)
			if got := floorAt(t, &d, tc.at, s); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// No stabilisation follows at once, and nothing kept ends at once.
func TestFloorWithoutSettings(t *testing.T) {
	var d Demand
	hear(t, &d, "0s 9, 15s 5", Settings{})
	if got := floorAt(t, &d, "15s", Settings{}); got != "5 for good" {
		t.Errorf("got %s", got)
	}
	hear(t, &d, "30s fails", Settings{})
	if got := floorAt(t, &d, "30s", Settings{}); got != "0 for good" {
		t.Errorf("got %s", got)
	}
}

// The floor is that of a reference that keeps everything.
func TestFloorIsTheLargestOfItsWindow(t *testing.T) {
	s := Settings{Stabilization: time.Minute, KeepLast: time.Minute}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		var d Demand
		var all []asked
		now := begin
		for range 100 {
			now = now.Add(time.Duration(r.IntN(40)) * time.Second)
			pods := int32(r.IntN(10))
			if len(all) > 0 {
				all[len(all)-1].over = now
			}
			all = append(all, asked{pods: pods})
			d.Answered(pods, now, s)
			now = now.Add(time.Duration(r.IntN(10)) * time.Second)
			want := pods
			for _, a := range all {
				if !a.over.IsZero() && now.Before(a.over.Add(s.Stabilization)) {
					want = max(want, a.pods)
				}
			}
			if got, _ := d.Floor(now, s); got != want {
				t.Fatalf("seed %d: got %d, want %d of %v", seed, got, want, all)
			}
			if len(d.row) > 10 {
				t.Fatalf("%d values are kept", len(d.row))
			}
		}
	}
}

func hear(t *testing.T, d *Demand, heard string, s Settings) {
	t.Helper()
	for event := range strings.SplitSeq(heard, ", ") {
		at, what, ok := strings.Cut(event, " ")
		if !ok {
			return
		}
		now := after(t, at)
		if what == "fails" {
			d.Failed()
			continue
		}
		var pods int32
		if _, err := fmt.Sscan(what, &pods); err != nil {
			t.Fatal(err)
		}
		d.Answered(pods, now, s)
	}
}

func floorAt(t *testing.T, d *Demand, at string, s Settings) string {
	t.Helper()
	pods, until := d.Floor(after(t, at), s)
	if until.IsZero() {
		return fmt.Sprintf("%d for good", pods)
	}
	return fmt.Sprintf("%d until %s", pods, until.Sub(begin))
}

func after(t *testing.T, span string) time.Time {
	t.Helper()
	d, err := time.ParseDuration(span)
	if err != nil {
		t.Fatal(err)
	}
	return begin.Add(d)
}
