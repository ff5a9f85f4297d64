package schedule

import (
	"testing"
	"time"
)

// The goal for Floor is 5 µs for a policy; it is measured with five windows, in four zones.
func BenchmarkFloor(b *testing.B) {
	tt := benchTimetable(b)
	now := moment(b, "2026-06-17T12:00:00Z")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tt.Floor(now.Add(time.Duration(i%1440) * time.Minute))
	}
}

// The day of a change of the clocks, and windows that start once a year or in four: the slow paths.
func BenchmarkFloorAtAChangeOfClocks(b *testing.B) {
	tt := benchTimetable(b)
	now := moment(b, "2026-10-25T00:00:00Z")
	for i := 0; b.Loop(); i++ {
		tt.Floor(now.Add(time.Duration(i%1440) * time.Minute))
	}
}

func BenchmarkNext5(b *testing.B) {
	tt := benchTimetable(b)
	now := moment(b, "2026-06-17T12:00:00Z")
	for b.Loop() {
		tt.Next(now, 5)
	}
}

// BenchmarkNextAtItsLimit looks at as many edges as Next ever does.
func BenchmarkNextAtItsLimit(b *testing.B) {
	tt := compile(b, Window{Start: "* * * * *", Duration: time.Minute})
	now := moment(b, "2026-06-17T12:00:00Z")
	for b.Loop() {
		tt.Next(now, 5)
	}
}

func benchTimetable(b *testing.B) *Timetable {
	b.Helper()
	return compile(b,
		Window{TimeZone: "Asia/Shanghai", Start: "0 9 * * MON-FRI", End: "0 18 * * MON-FRI", Replicas: 10, LeadTime: 5 * time.Minute,
			ExcludedDates: []string{"2026-06-17", "2026-06-18", "2026-06-19"}},
		Window{TimeZone: "Europe/Berlin", Start: "0 8 * * *", Duration: 10 * time.Hour, Replicas: 3},
		Window{TimeZone: "America/New_York", Start: "30 1 * * SUN", End: "0 6 * * SUN", Replicas: 7},
		Window{TimeZone: "Europe/Berlin", Start: "0 0 29 2 *", Duration: 24 * time.Hour, Replicas: 30},
		Window{TimeZone: "Australia/Lord_Howe", Start: "0 0 24 12 *", End: "0 0 27 12 *", Replicas: 20},
	)
}
