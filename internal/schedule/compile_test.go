package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCompileRefuses(t *testing.T) {
	good := func(change func(*Window)) []Window {
		w := Window{Name: "w", Start: "0 9 * * *", End: "0 18 * * *", TimeZone: "Europe/Berlin", Replicas: 1}
		change(&w)
		return []Window{w}
	}
	start := func(expression string) []Window { return good(func(w *Window) { w.Start = expression }) }
	for name, tc := range map[string]struct {
		windows []Window
		path    string
		says    []string
	}{
		"no name":             {good(func(w *Window) { w.Name = "" }), "[0].name", []string{"no name", "office-hours"}},
		"a name twice":        {append(good(func(*Window) {}), good(func(*Window) {})...), "[1].name", []string{"window 0 already", "another name"}},
		"a negative floor":    {good(func(w *Window) { w.Replicas = -1 }), "[0].replicas", []string{"-1", "0 or more"}},
		"a negative lead":     {good(func(w *Window) { w.LeadTime = -time.Minute }), "[0].leadTime", []string{"-1m0s", "not negative"}},
		"a fraction of lead":  {good(func(w *Window) { w.LeadTime = time.Millisecond }), "[0].leadTime", []string{"1ms", "whole seconds"}},
		"a negative duration": {good(func(w *Window) { w.End, w.Duration = "", -time.Hour }), "[0].duration", []string{"-1h0m0s", "not negative"}},
		"end and duration":    {good(func(w *Window) { w.Duration = time.Hour }), "[0].duration", []string{"0 18 * * *", "1h0m0s", "Keep one"}},
		"neither":             {good(func(w *Window) { w.End = "" }), "[0].end", []string{"never ends", "use min"}},
		"the end is the start": {good(func(w *Window) { w.End = "00 9 * * 0-6,*" }), "[0].end",
			[]string{"00 9 * * 0-6,*", "another time than it starts"}},
		"no start":           {start(""), "[0].start", []string{"never starts", "0 9 * * MON-FRI"}},
		"nothing at all":     {[]Window{{Name: "w"}}, "[0].start", []string{"never starts"}},
		"an empty start":     {start("  "), "[0].start", []string{"is empty", "five fields"}},
		"four fields":        {start("0 9 * *"), "[0].start", []string{"4 fields", "five fields"}},
		"seconds":            {start("0 0 9 * * *"), "[0].start", []string{"6 fields", "Leave out the seconds", "column 11"}},
		"hour 25":            {start("0  25 * * *"), "[0].start", []string{"Field 2 (hour)", `"25" at column 4`, "above maximum (23)", "0–23"}},
		"second of a list":   {start("0,15,60 9 * * *"), "[0].start", []string{"Field 1 (minute)", `"60" at column 6`}},
		"a word":             {start("0 9 * * MON-FRY"), "[0].start", []string{"Field 5 (day of week)", `"MON-FRY" at column 9`, "SUN–SAT"}},
		"Sunday as 7":        {start("0 9 * * 7"), "[0].start", []string{"column 9", "0 or SUN"}},
		"backwards":          {start("0 18-9 * * *"), "[0].start", []string{`"18-9" at column 3`, "beyond end"}},
		"a step of 0":        {start("*/0 * * * *"), "[0].start", []string{`"*/0" at column 1`, "positive"}},
		"two commas":         {start("1,,2 * * * *"), "[0].start", []string{"nothing beside a comma", "column 3"}},
		"a star and more":    {start("0 *-5 * * *"), "[0].start", []string{"a star stands alone", "column 3"}},
		"a sign":             {start("+5 * * * *"), "[0].start", []string{"no sign", "column 1"}},
		"a zone within":      {start("TZ=Asia/Tokyo 0 9 * * *"), "[0].start", []string{"column 1", "timeZone"}},
		"a zone and nothing": {start("CRON_TZ=Asia/Tokyo"), "[0].start", []string{"column 1", "timeZone"}},
		"@every":             {start("@every 1h"), "[0].start", []string{"@every 1h", "*/30"}},
		"@reboot":            {start("@reboot"), "[0].start", []string{"@reboot", "@daily"}},
		"30 February":        {start("0 0 30 2 *"), "[0].start", []string{"never fires", "field 3", "exists"}},
		"no end ever":        {good(func(w *Window) { w.End = "0 0 31 4,6,9,11 *" }), "[0].end", []string{"never fires"}},
		"no zone":            {good(func(w *Window) { w.TimeZone = "Beijing" }), "[0].timeZone", []string{`"Beijing"`, "Asia/Shanghai"}},
		"whose zone":         {good(func(w *Window) { w.TimeZone = "Local" }), "[0].timeZone", []string{`"Local"`}},
		"a path for a zone":  {good(func(w *Window) { w.TimeZone = "../etc/passwd" }), "[0].timeZone", []string{"no time zone"}},
		"no date":            {good(func(w *Window) { w.ExcludedDates = []string{"2026-02-28", "2026-02-30"} }), "[0].excludedDates[1]", []string{"2026-02-30", "2026-12-24"}},
		"many dates":         {good(func(w *Window) { w.ExcludedDates = slices.Repeat([]string{"2026-02-28"}, 367) }), "[0].excludedDates", []string{"367", "366"}},
		"an offset":          {good(func(w *Window) { w.OneOffs = []OneOff{{"2026-11-11T00:00Z", "2026-11-12T00:00"}} }), "[0].oneOffs[0].start", []string{"without an offset"}},
		"ends before": {good(func(w *Window) { w.OneOffs = []OneOff{{"2026-11-11T00:00", "2026-11-10T00:00"}} }), "[0].oneOffs[0].end",
			[]string{"2026-11-10T00:00", "not after", "Europe/Berlin", "later end"}},
		"wholly in the gap": {good(func(w *Window) { w.OneOffs = []OneOff{{"2026-03-29T02:10", "2026-03-29T02:50"}} }), "[0].oneOffs[0].end", []string{"the gap's end"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt, problems := Compile(tc.windows)
			if tt != nil || len(problems) != 1 {
				t.Fatalf("got %d problems, want 1: %v", len(problems), problems)
			}
			p := problems[0]
			if p.Path != tc.path || p.Observed == "" || p.Allowed == "" || p.WayOut == "" {
				t.Errorf("at %s: %+v, want at %s", p.Path, p, tc.path)
			}
			for _, word := range tc.says {
				if !strings.Contains(p.String(), word) {
					t.Errorf("%q does not say %q", p, word)
				}
			}
		})
	}
}

func TestCompileSaysAllThatIsWrong(t *testing.T) {
	_, problems := Compile([]Window{{Start: "x", Replicas: -1, TimeZone: "x", LeadTime: -1, Duration: time.Hour, OneOffs: []OneOff{{"x", "x"}}}})
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	want := []string{"[0].name", "[0].replicas", "[0].leadTime", "[0].timeZone", "[0].start", "[0].oneOffs[0].start", "[0].oneOffs[0].end"}
	if !slices.Equal(paths, want) {
		t.Errorf("got %v, want %v", paths, want)
	}
}

func TestCompileTakes(t *testing.T) {
	for _, expression := range []string{"0 9 * * MON-FRI", "*/15 0-6,20-23 ? jan,JUL sun", "0 0 29 2 *", " 5/10\t1 1-7/2 * * ", "@daily", " @weekly ", "@yearly"} {
		if _, p := parse(expression); p != nil {
			t.Errorf("%q is refused: %v", expression, p)
		}
	}
}
