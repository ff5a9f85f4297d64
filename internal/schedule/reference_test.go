package schedule

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

// TestAgainstReference compares every minute of days around changes of the clocks with a reference that is too simple to be
// wrong: it watches the clock on the wall go, minute by minute.
func TestAgainstReference(t *testing.T) {
	const days = 4
	for i := range 300 {
		rng := rand.New(rand.NewPCG(5, uint64(i)))
		w, from := randomWindow(rng)
		label := fmt.Sprintf("case %d: %+v from %s", i, w, from)
		tt := compile(t, w)
		want := reference(t, w, from, days*24*60)

		var changes []time.Time
		for m, holds := range want {
			now := from.Add(time.Duration(m) * time.Minute)
			if got := tt.Floor(now.Add(time.Duration(rng.IntN(60))*time.Second)).Replicas > 0; got != holds {
				t.Fatalf("%s\nat %s the floor holds: %v, want %v", label, now.In(zoneOf(t, w)), got, holds)
			}
			if m > 0 && holds != want[m-1] {
				changes = append(changes, now)
			}
		}

		next, _ := tt.Next(from, len(changes))
		got := make([]time.Time, 0, len(next))
		for _, tr := range next {
			got = append(got, tr.At)
		}
		if !slices.EqualFunc(got, changes, time.Time.Equal) {
			t.Fatalf("%s\ntransitions %v\nwant        %v", label, got, changes)
		}
	}
}

// reference says of each minute whether the window holds. A civil minute fires when the clock on the wall first shows it or what
// is later, so it keeps the latest that was shown.
func reference(t *testing.T, w Window, from time.Time, minutes int) []bool {
	t.Helper()
	loc := zoneOf(t, w)
	starts, ends := matcher(t, w.Start), matcher(t, w.End)
	out := make([]bool, minutes)
	mark := func(start, end time.Time) {
		if !start.Before(end) {
			return
		}
		for at := start.Add(-w.LeadTime); at.Before(end); at = at.Add(time.Minute) {
			if m := int(at.Sub(from) / time.Minute); !at.Before(from) && m < minutes {
				out[m] = true
			}
		}
	}

	const before, after = 8 * 24 * 60, 2 * 24 * 60 // longer than any window of randomWindow lasts, or its lead time
	var open []time.Time                           // starts that wait for their end
	shown := wall(from.Add(-before*time.Minute), loc)
	for m := -before; m < minutes+after; m++ {
		now := from.Add(time.Duration(m) * time.Minute)
		for wall(now, loc).After(shown) {
			shown = shown.Add(time.Minute)
			if w.End != "" && ends(shown) {
				for _, start := range open {
					mark(start, now)
				}
				open = nil
			}
			if !starts(shown) || slices.Contains(w.ExcludedDates, shown.Format(dateFormat)) {
				continue
			}
			if w.End != "" {
				open = append(open, now)
			} else {
				mark(now, now.Add(w.Duration))
			}
		}
	}
	for _, start := range open {
		mark(start, from.Add(time.Duration(minutes+after)*time.Minute))
	}
	return out
}

// matcher asks robfig/cron itself, in UTC, where it has no change of the clocks to get wrong. It is to be asked of one minute after
// the other.
func matcher(t *testing.T, expression string) func(time.Time) bool {
	t.Helper()
	if expression == "" {
		return nil
	}
	s, err := cron.ParseStandard(expression)
	if err != nil {
		t.Fatal(err)
	}
	var next time.Time
	return func(at time.Time) bool {
		if next.Before(at) {
			next = s.Next(at.Add(-time.Second))
		}
		return next.Equal(at)
	}
}

func wall(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

func zoneOf(t *testing.T, w Window) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// randomWindow is one around a change of the clocks, and when to begin to look at it.
func randomWindow(rng *rand.Rand) (Window, time.Time) {
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	around := map[string][]string{
		"Australia/Lord_Howe": {"2025-10-04", "2025-04-05", "2024-10-05"},
		"Africa/Casablanca":   {"2025-02-22", "2025-04-05", "2018-06-16"},
		"Pacific/Apia":        {"2011-12-29", "2011-09-23", "2012-03-31"},
		"Asia/Shanghai":       {"1986-05-03", "1991-09-14", "2026-02-27"},
		"America/New_York":    {"2026-03-07", "2026-10-31", "2027-02-27"},
		"America/Santiago":    {"2025-09-06", "2025-04-05", "2024-12-30"},
		"Europe/Berlin":       {"2026-03-28", "2026-10-24", "1945-05-23"},
		"Antarctica/Troll":    {"2025-03-29", "2025-10-25", "2025-06-30"},
		"America/Caracas":     {"2016-04-30", "2007-12-08", "2016-05-01"},
		"Asia/Pyongyang":      {"2018-05-04", "2015-08-14", "2018-05-03"},
		"Pacific/Kwajalein":   {"1993-08-20", "1993-08-19", "2000-02-28"},
		"Asia/Gaza":           {"2023-04-28", "2023-10-27", "2024-04-19"},
		"UTC":                 {"2026-03-28", "2024-02-28", "2025-12-31"},
	}
	w := Window{Name: "w", Replicas: 1, Start: randomCron(rng), TimeZone: pick(slices.Sorted(maps.Keys(around))...)}
	if w.End = randomCron(rng); rng.IntN(2) == 0 || w.End == w.Start || sameCron(w) {
		w.End, w.Duration = "", time.Duration(1+rng.IntN(30*60))*time.Minute
		if rng.IntN(2) == 0 {
			w.Duration = time.Duration(1+rng.IntN(90)) * time.Minute
		}
	}
	if rng.IntN(3) == 0 {
		w.LeadTime = time.Duration(rng.IntN(180)) * time.Minute
	}
	from, _ := time.Parse(dateFormat, pick(around[w.TimeZone]...))
	for rng.IntN(3) == 0 {
		w.ExcludedDates = append(w.ExcludedDates, from.AddDate(0, 0, rng.IntN(5)).Format(dateFormat))
	}
	return w, from.Add(-12 * time.Hour)
}

func sameCron(w Window) bool {
	start, _ := parse(w.Start)
	end, _ := parse(w.End)
	return *start == *end
}

// randomCron fires on most days, and likes the hours in which clocks are changed.
func randomCron(rng *rand.Rand) string {
	pick := func(from ...string) string { return from[rng.IntN(len(from))] }
	return fmt.Sprintf("%s %s %s %s %s", pick("0", "15", "30", "45", "*", "*/20", "10-50/7", "59"),
		pick("0", "1", "2", "3", "*", "23", "9", "*/6", "1-3"), pick("*", "*", "*", "*/2", "1-15,20-31"), pick("*", "*", "*/1", "1-12"), pick("*", "*", "*", "SUN", "MON-SAT", "?"))
}
