package schedule

import (
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWindowActive(t *testing.T) {
	const hour = time.Hour
	for name, tc := range map[string]struct {
		cron     string
		duration time.Duration
		zone     string
		now      string
		until    string // "" is closed
	}{
		"before the start":          {"0 18 * * FRI", 62 * hour, "", "2026-11-20T17:59:59Z", ""},
		"at the start":              {"0 18 * * FRI", 62 * hour, "", "2026-11-20T18:00:00Z", "Monday 2026-11-23 08:00 (UTC)"},
		"two days later":            {"0 18 * * FRI", 62 * hour, "", "2026-11-22T23:00:00Z", "Monday 2026-11-23 08:00 (UTC)"},
		"at the end":                {"0 18 * * FRI", 62 * hour, "", "2026-11-23T08:00:00Z", ""},
		"Shanghai's Friday":         {"0 18 * * FRI", hour, "Asia/Shanghai", "2026-11-20T10:30:00Z", "Friday 2026-11-20 19:00 (Asia/Shanghai)"},
		"not Shanghai's Friday":     {"0 18 * * FRI", hour, "Asia/Shanghai", "2026-11-20T18:30:00Z", ""},
		"over the year's end":       {"0 0 24 12 *", 14 * 24 * hour, "", "2027-01-06T23:59:00Z", "Thursday 2027-01-07 00:00 (UTC)"},
		"one after another":         {"0 * * * *", hour, "", "2026-11-20T10:30:00Z", "Tuesday 2026-11-24 15:00 (UTC)"},
		"two that overlap":          {"0 8,9 * * *", 90 * time.Minute, "", "2026-11-20T08:30:00Z", "Friday 2026-11-20 10:30 (UTC)"},
		"a leap day":                {"0 0 29 2 *", 24 * hour, "", "2028-02-29T12:00:00Z", "Wednesday 2028-03-01 00:00 (UTC)"},
		"no leap day":               {"0 0 29 2 *", 24 * hour, "", "2027-03-01T12:00:00Z", ""},
		"spring: before the gap":    {"30 2 * * *", 2 * hour, "Europe/Berlin", "2026-03-29T00:59:59Z", ""},
		"spring: the gap's end":     {"30 2 * * *", 2 * hour, "Europe/Berlin", "2026-03-29T01:00:00Z", "Sunday 2026-03-29 04:30 (Europe/Berlin)"},
		"spring: over the gap":      {"0 18 * * FRI", 62 * hour, "Europe/Berlin", "2026-03-30T05:59:59Z", "Monday 2026-03-30 08:00 (Europe/Berlin)"},
		"spring: ends by the wall":  {"0 18 * * FRI", 62 * hour, "Europe/Berlin", "2026-03-30T06:00:00Z", ""},
		"autumn: the first 02:30":   {"15 2 * * *", 30 * time.Minute, "Europe/Berlin", "2026-10-25T00:30:00Z", "Sunday 2026-10-25 02:45 (Europe/Berlin)"},
		"autumn: between the two":   {"15 2 * * *", 30 * time.Minute, "Europe/Berlin", "2026-10-25T00:50:00Z", ""},
		"autumn: the second 02:30":  {"15 2 * * *", 30 * time.Minute, "Europe/Berlin", "2026-10-25T01:30:00Z", "Sunday 2026-10-25 02:45 (Europe/Berlin)"},
		"autumn: over the fold":     {"0 18 * * FRI", 62 * hour, "Europe/Berlin", "2026-10-26T06:59:59Z", "Monday 2026-10-26 08:00 (Europe/Berlin)"},
		"autumn: ends by the wall":  {"0 18 * * FRI", 62 * hour, "Europe/Berlin", "2026-10-26T07:00:00Z", ""},
		"half an hour: Lord Howe's": {"0 2 * * *", 30 * time.Minute, "Australia/Lord_Howe", "2026-10-03T15:30:00Z", ""}, // 02:00 → 02:30: the window is the gap
	} {
		t.Run(name, func(t *testing.T) {
			w, err := Parse(tc.cron, tc.duration, tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			until, open := w.Active(at(t, tc.now))
			if until != tc.until || open != (tc.until != "") {
				t.Errorf("open %v until %q, want %q", open, until, tc.until)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		cron     string
		duration time.Duration
		zone     string
		says     string
	}{
		"nothing":              {"", time.Hour, "", "five fields"},
		"six fields":           {"0 0 18 * * FRI", time.Hour, "", "five fields"},
		"a macro":              {"@every 1h", time.Hour, "", "five fields"},
		"an hour 24":           {"0 24 * * *", time.Hour, "", "five fields"},
		"a zone inside":        {"CRON_TZ=UTC 0 18 * * *", time.Hour, "", "as the time zone of the window"},
		"what panics robfig's": {"TZ=", time.Hour, "", "as the time zone of the window"},
		"30 February":          {"0 0 30 2 *", time.Hour, "", "never starts"},
		"no duration":          {"0 18 * * *", 0, "", "from 1m"},
		"two years":            {"0 18 * * *", 2 * MaxDuration, "", "from 1m"},
		"this machine's zone":  {"0 18 * * *", time.Hour, "Local", "another on each machine"},
		"a zone that is not":   {"0 18 * * *", time.Hour, "Mars/Olympus", "IANA"},
		"a path as a zone":     {"0 18 * * *", time.Hour, "../../etc/passwd", "IANA"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(tc.cron, tc.duration, tc.zone); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error that says %q", err, tc.says)
			}
		})
	}
}

// FuzzParse checks that no expression panics, and that a window that is open says an end.
func FuzzParse(f *testing.F) {
	f.Add("0 18 * * FRI", int64(62*time.Hour), "Europe/Berlin", int64(1_700_000_000))
	f.Add("TZ=", int64(0), "", int64(0))
	f.Add("*/5 0-3,22 1-31/2 JAN-mar ?", int64(time.Minute), "UTC", int64(-1))
	f.Fuzz(func(t *testing.T, expression string, duration int64, zone string, unix int64) {
		w, err := Parse(expression, time.Duration(duration), zone)
		if err != nil {
			return
		}
		if until, open := w.Active(time.Unix(unix%(1<<33), 0)); open != (until != "") {
			t.Errorf("open %v, until %q", open, until)
		}
	})
}
