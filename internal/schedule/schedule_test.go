package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func compile(tb testing.TB, windows ...Window) *Timetable {
	tb.Helper()
	for i := range windows {
		if windows[i].Name == "" {
			windows[i].Name = string(rune('a' + i))
		}
	}
	tt, problems := Compile(windows)
	if len(problems) > 0 {
		tb.Fatalf("refused: %v", problems)
	}
	return tt
}

func moment(tb testing.TB, text string) time.Time {
	tb.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// TestDaysThatAreOdd says when windows begin and end where clocks do what people do not expect: each line is a transition with
// the floor from then on.
func TestDaysThatAreOdd(t *testing.T) {
	hours := func(zone, start, end string) Window {
		return Window{TimeZone: zone, Start: start, End: end, Replicas: 5}
	}
	lasting := func(zone, start string, d time.Duration) Window {
		return Window{TimeZone: zone, Start: start, Duration: d, Replicas: 5}
	}
	for name, tc := range map[string]struct {
		window Window
		from   string
		want   []string
	}{
		"Berlin: a start in the gap fires at its end": {hours("Europe/Berlin", "30 2 * * *", "0 4 * * *"), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00 5", "2026-03-29T04:00:00+02:00 0", "2026-03-30T02:30:00+02:00 5"}},
		"Berlin: an end in the gap fires at its end": {hours("Europe/Berlin", "0 1 * * *", "30 2 * * *"), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T01:00:00+01:00 5", "2026-03-29T03:00:00+02:00 0"}},
		"Berlin: a window in the gap does not take place": {hours("Europe/Berlin", "15 2 * * *", "45 2 * * *"), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-30T02:15:00+02:00 5", "2026-03-30T02:45:00+02:00 0"}},
		"Berlin: nor does its lead time": {Window{TimeZone: "Europe/Berlin", Start: "15 2 * * *", End: "45 2 * * *", LeadTime: time.Hour, Replicas: 5},
			"2026-03-29T00:00:00+01:00", []string{"2026-03-30T01:15:00+02:00 5", "2026-03-30T02:45:00+02:00 0"}},
		"Berlin: a duration is elapsed time": {lasting("Europe/Berlin", "0 1 * * *", 2*time.Hour), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T01:00:00+01:00 5", "2026-03-29T04:00:00+02:00 0"}},
		"Berlin: what lies in the fold fires once": {lasting("Europe/Berlin", "30 2 * * *", 10*time.Minute), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00 5", "2026-10-25T02:40:00+02:00 0", "2026-10-26T02:30:00+01:00 5"}},
		"Berlin: so does an end": {hours("Europe/Berlin", "0 1 * * *", "30 2 * * *"), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T01:00:00+02:00 5", "2026-10-25T02:30:00+02:00 0", "2026-10-26T01:00:00+01:00 5"}},
		"Berlin: over the fold": {hours("Europe/Berlin", "30 2 * * *", "0 3 * * *"), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00 5", "2026-10-25T03:00:00+01:00 0"}},
		"Lord Howe: a gap of half an hour": {hours("Australia/Lord_Howe", "15 2 * * *", "0 3 * * *"), "2025-10-05T00:00:00+10:30",
			[]string{"2025-10-05T02:30:00+11:00 5", "2025-10-05T03:00:00+11:00 0"}},
		"Lord Howe: a fold of half an hour": {hours("Australia/Lord_Howe", "45 1 * * *", "0 2 * * *"), "2025-04-06T00:00:00+11:00",
			[]string{"2025-04-06T01:45:00+11:00 5", "2025-04-06T02:00:00+10:30 0"}},
		"Casablanca: clocks go back for Ramadan": {hours("Africa/Casablanca", "30 2 * * *", "0 4 * * *"), "2025-02-23T00:00:00+01:00",
			[]string{"2025-02-23T02:30:00+01:00 5", "2025-02-23T04:00:00+00:00 0"}},
		"Casablanca: and forward after it": {hours("Africa/Casablanca", "30 2 * * *", "0 4 * * *"), "2025-04-06T00:00:00+00:00",
			[]string{"2025-04-06T03:00:00+01:00 5", "2025-04-06T04:00:00+01:00 0"}},
		"Apia: a day that never was": {lasting("Pacific/Apia", "0 9 30 12 *", 8*time.Hour), "2011-12-29T00:00:00-10:00",
			[]string{"2011-12-31T00:00:00+14:00 5", "2011-12-31T08:00:00+14:00 0"}},
		"Apia: office hours of that day": {hours("Pacific/Apia", "0 9 * * *", "0 17 * * *"), "2011-12-29T00:00:00-10:00",
			[]string{"2011-12-29T09:00:00-10:00 5", "2011-12-29T17:00:00-10:00 0", "2011-12-31T09:00:00+14:00 5"}},
		"Shanghai: no change of the clocks": {hours("Asia/Shanghai", "0 9 * * MON-FRI", "0 18 * * MON-FRI"), "2026-03-27T12:00:00+08:00",
			[]string{"2026-03-27T18:00:00+08:00 0", "2026-03-30T09:00:00+08:00 5"}},
		"Shanghai in 1940: midnight in the gap": {lasting("Asia/Shanghai", "@daily", time.Hour), "1940-05-31T12:00:00+08:00",
			[]string{"1940-06-01T01:00:00+09:00 5", "1940-06-01T02:00:00+09:00 0"}},
		"Santiago: midnight in the gap": {hours("America/Santiago", "0 0 * * SUN", "0 1 * * SUN"), "2025-09-06T00:00:00-04:00",
			[]string{"2025-09-14T00:00:00-03:00 5", "2025-09-14T01:00:00-03:00 0"}},
		"UTC where none is named": {hours("", "0 9 * * *", "0 10 * * *"), "2026-01-01T00:00:00Z",
			[]string{"2026-01-01T09:00:00Z 5", "2026-01-01T10:00:00Z 0"}},
		"leap day, over 2100": {lasting("", "0 0 29 2 *", time.Hour), "2096-03-01T00:00:00Z",
			[]string{"2104-02-29T00:00:00Z 5", "2104-02-29T01:00:00Z 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := moment(t, tc.from)
			tt := compile(t, tc.window)
			got, _ := tt.Next(now, len(tc.want))
			var lines []string
			for _, tr := range got {
				lines = append(lines, tr.At.In(now.Location()).Format(time.RFC3339)+" "+string('0'+tr.After))
				if f := tt.Floor(tr.At); f.Replicas != tr.After {
					t.Errorf("the floor at %s is %d, the transition says %d", tr.At, f.Replicas, tr.After)
				}
			}
			var want []string
			for _, w := range tc.want {
				at, floor, _ := strings.Cut(w, " ")
				want = append(want, moment(t, at).In(now.Location()).Format(time.RFC3339)+" "+floor)
			}
			if !slices.Equal(lines, want) {
				t.Errorf("got  %v\nwant %v", lines, want)
			}
		})
	}
}

func TestFloor(t *testing.T) {
	office := Window{Name: "office", Start: "0 9 * * MON-FRI", End: "0 18 * * MON-FRI", Replicas: 3, TimeZone: "Asia/Shanghai",
		ExcludedDates: []string{"2026-10-01"}, LeadTime: 10 * time.Minute}
	sale := Window{Name: "sale", OneOffs: []OneOff{{"2026-09-30T12:00", "2026-10-01T12:00"}}, Replicas: 10, TimeZone: "Asia/Shanghai"}
	week := Window{Name: "week", Start: "0 0 * * MON", End: "0 0 * * SAT", Replicas: 1}
	both := Window{Name: "both", Start: "@daily", Duration: time.Hour, OneOffs: []OneOff{{"2026-09-30T00:30", "2026-09-30T02:00"}}, Replicas: 2}
	tt := compile(t, office, sale, both)
	for at, want := range map[string]struct {
		replicas int32
		active   string
	}{
		"2026-09-30T08:49:59+08:00": {2, "both"},
		"2026-09-30T08:50:00+08:00": {3, "office both"},
		"2026-09-30T09:59:59+08:00": {3, "office both"},
		"2026-09-30T10:00:00+08:00": {3, "office"},
		"2026-09-30T12:00:00+08:00": {10, "office sale"},
		"2026-09-30T17:59:59+08:00": {10, "office sale"},
		"2026-09-30T18:00:00+08:00": {10, "sale"},
		"2026-10-01T09:30:00+08:00": {10, "sale"},
		"2026-10-01T12:00:00+08:00": {0, ""},
		"2026-10-02T12:00:00+08:00": {3, "office"},
		"2026-10-03T12:00:00+08:00": {0, ""},
	} {
		f := tt.Floor(moment(t, at))
		var names []string
		for _, a := range f.Active {
			names = append(names, a.Window)
		}
		if got := strings.Join(names, " "); f.Replicas != want.replicas || got != want.active {
			t.Errorf("%s: floor %d by %q, want %d by %q", at, f.Replicas, got, want.replicas, want.active)
		}
	}

	a := tt.Floor(moment(t, "2026-09-30T00:40:00Z")).Active
	if len(a) != 1 || !a[0].From.Equal(moment(t, "2026-09-30T00:00:00Z")) || !a[0].Until.Equal(moment(t, "2026-09-30T02:00:00Z")) {
		t.Errorf("a window's own overlap: %+v", a)
	}
	if f := compile(t, week).Floor(moment(t, "2026-09-30T00:00:00Z")); f.Replicas != 1 || len(f.Active) != 1 || f.Active[0].Until.Weekday() != time.Saturday {
		t.Errorf("a window over days: %+v", f)
	}
	if f := compile(t).Floor(moment(t, "2026-09-30T00:00:00Z")); f.Replicas != 0 || f.Active != nil {
		t.Errorf("no window: %+v", f)
	}
}

func TestNext(t *testing.T) {
	now := moment(t, "2026-01-01T00:00:00Z")
	t.Run("adjacent windows have no dip", func(t *testing.T) {
		tt := compile(t, Window{Start: "0 8 * * *", End: "0 12 * * *", Replicas: 4}, Window{Start: "0 12 * * *", End: "0 16 * * *", Replicas: 4})
		got, _ := tt.Next(now, 3)
		if len(got) != 3 || got[1].At.Hour() != 12 || got[1].Before != 4 || got[1].After != 4 || !slices.Equal(got[1].Active, []string{"b"}) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a window that follows itself changes nothing", func(t *testing.T) {
		got, until := compile(t, Window{Start: "@daily", Duration: 24 * time.Hour, Replicas: 1}).Next(now, 5)
		if len(got) != 0 || until.Before(now.AddDate(9, 0, 0)) {
			t.Errorf("%v, sure until %s", got, until)
		}
	})
	t.Run("nor one of every minute, as far as it looks", func(t *testing.T) {
		got, until := compile(t, Window{Start: "* * * * *", Duration: time.Minute, Replicas: 1}).Next(now, 5)
		if len(got) != 0 || !until.After(now.AddDate(0, 0, 6)) {
			t.Errorf("%v, sure until %s", got, until)
		}
	})
	t.Run("one-offs that are over", func(t *testing.T) {
		got, until := compile(t, Window{OneOffs: []OneOff{{"2025-01-01T00:00", "2025-01-02T00:00"}}, Replicas: 1}).Next(now, 5)
		if len(got) != 0 || until.Before(now.AddDate(9, 0, 0)) {
			t.Errorf("%v, sure until %s", got, until)
		}
	})
	t.Run("none is asked for", func(t *testing.T) {
		if got, until := compile(t, Window{Start: "@daily", Duration: time.Hour}).Next(now, 0); len(got) != 0 || !until.Equal(now) {
			t.Errorf("%v, sure until %s", got, until)
		}
	})
}
