package schedule

import (
	"testing"
	"time"
)

// FuzzCompile checks that nothing panics or hangs, and that Floor and Next tell the same story, for whatever is accepted.
func FuzzCompile(f *testing.F) {
	f.Add("30 2 * * *", "0 4 * * *", int64(0), int64(0), "Europe/Berlin", "2026-03-29", "2026-03-29T02:10", "2026-03-30T00:00", int64(1774742400))
	f.Add("@daily", "", int64(3600), int64(600), "Pacific/Apia", "2011-12-30", "2011-12-30T00:00", "2012-01-01T00:00", int64(1325200000))
	f.Add("* * * * *", "*/2 * * * *", int64(0), int64(1), "Asia/Shanghai", "", "", "", int64(-2177481943))
	f.Add("CRON_TZ=", "@every 1s", int64(-1), int64(-1), "Local", "x", "x", "x", int64(0))
	f.Add("0 0 29 2 *", ",", int64(1)<<40, int64(1)<<33, "", "0000-01-01", "9999-12-31T23:59", "0000-01-01T00:00", int64(253402300799))
	f.Fuzz(func(t *testing.T, start, end string, seconds, lead int64, zone, excluded, from, until string, now int64) {
		w := Window{Name: "w", Start: start, End: end, Duration: time.Duration(seconds) * time.Second, TimeZone: zone, Replicas: 1,
			LeadTime: time.Duration(lead) * time.Second}
		if excluded != "" {
			w.ExcludedDates = []string{excluded}
		}
		if from != "" || until != "" {
			w.OneOffs = []OneOff{{from, until}}
		}
		tt, problems := Compile([]Window{w, {Name: "daily", Start: "30 1 * * *", Duration: time.Hour, TimeZone: "America/New_York", Replicas: 2}})
		if (tt == nil) == (len(problems) == 0) {
			t.Fatalf("timetable %v and problems %v", tt, problems)
		}
		if tt == nil {
			return
		}
		now %= 1 << 38 // years −6700 to 10600
		checkStory(t, tt, time.Unix(now, 0))
	})
}

// checkStory holds Next to what Floor says on both sides of each transition.
func checkStory(t *testing.T, tt *Timetable, at time.Time) {
	t.Helper()
	next, until := tt.Next(at, 4)
	floor := tt.Floor(at).Replicas
	for _, tr := range next {
		before, after := tt.Floor(tr.At.Add(-time.Second)), tt.Floor(tr.At)
		if !tr.At.After(at) || tr.Before != floor || before.Replicas != tr.Before || after.Replicas != tr.After || len(after.Active) != len(tr.Active) {
			t.Fatalf("after %s: %+v, floor before %+v, after %+v", at, tr, before, after)
		}
		at, floor = tr.At, tr.After
	}
	if until.Before(at) {
		t.Fatalf("sure until %s, which is before %s", until, at)
	}
}
