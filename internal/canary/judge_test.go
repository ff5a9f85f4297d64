package canary

import (
	"math"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	for name, tc := range map[string]struct {
		count, limit, good, bad int
		want                    Verdict
	}{
		"one, not asked":               {1, 0, 0, 0, Open},
		"one, good":                    {1, 0, 1, 0, Passed},
		"one, bad":                     {1, 0, 0, 1, Failed},
		"all of three, two good":       {3, 0, 2, 0, Open},
		"all of three, one bad":        {3, 0, 2, 1, Failed},
		"any of three, the first good": {3, 2, 1, 0, Passed},
		"any of three, two bad":        {3, 2, 0, 2, Open},
		"any of three, all bad":        {3, 2, 0, 3, Failed},
		"four of five, one bad":        {5, 1, 3, 1, Open},
		"four of five":                 {5, 1, 4, 1, Passed},
		"four of five, two bad":        {5, 1, 1, 2, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Judge(tc.count, tc.limit, tc.good, tc.bad); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// Every sequence of answers is decided by its last one at the latest, and never changed by a later one.
func FuzzJudge(f *testing.F) {
	f.Add(3, 1, uint64(0b101))
	f.Add(100, 99, uint64(0))
	f.Fuzz(func(t *testing.T, count, limit int, answers uint64) {
		if count < 1 || count > 64 || limit < 0 || limit >= count {
			return
		}
		good, bad, decided := 0, 0, Open
		for i := range count {
			if answers>>i&1 == 1 {
				good++
			} else {
				bad++
			}
			now := Judge(count, limit, good, bad)
			if decided != Open && now != decided {
				t.Fatalf("decided %v, then %v", decided, now)
			}
			decided = now
		}
		if want := map[bool]Verdict{true: Failed, false: Passed}[bad > limit]; decided != want {
			t.Errorf("%d of %d bad, %d allowed: %v", bad, count, limit, decided)
		}
	})
}

func TestBadStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		wanted []int64
		says   string // "" where it is good
	}{
		"200":               {200, nil, ""},
		"204":               {204, nil, ""},
		"302":               {302, nil, "status 302, and 200–299 are wanted"},
		"500":               {500, nil, "status 500"},
		"302 wanted":        {302, []int64{301, 302}, ""},
		"200, not a wanted": {200, []int64{301, 302}, "status 200, and [301 302] is wanted"},
	} {
		t.Run(name, func(t *testing.T) { says(t, BadStatus(tc.status, tc.wanted), tc.says) })
	}
}

func TestBadSamples(t *testing.T) {
	low, high := 0.5, 2.0
	for name, tc := range map[string]struct {
		samples   []Sample
		low, high *float64
		says      string
	}{
		"nothing":           {nil, &low, &high, "the query gave no value"},
		"within":            {[]Sample{{"", 1}}, &low, &high, ""},
		"at the lower end":  {[]Sample{{"", 0.5}}, &low, &high, ""},
		"at the upper end":  {[]Sample{{"", 2}}, &low, &high, ""},
		"too little":        {[]Sample{{"", 0.25}}, &low, &high, "0.25, and at least 0.5 is wanted"},
		"too much":          {[]Sample{{"", 1}, {`{pod="b"}`, 3}}, &low, &high, `{pod="b"} 3, and at most 2 is wanted`},
		"no upper end":      {[]Sample{{"", math.Inf(1)}}, &low, nil, ""},
		"no lower end":      {[]Sample{{"", -5}}, nil, &high, ""},
		"no number":         {[]Sample{{"", math.NaN()}}, nil, &high, "which is no number"},
		"one of two is bad": {[]Sample{{"", 0}, {"", 1}}, &low, nil, "0, and at least 0.5"},
	} {
		t.Run(name, func(t *testing.T) { says(t, BadSamples(tc.samples, tc.low, tc.high), tc.says) })
	}
}

func says(t *testing.T, got, want string) {
	t.Helper()
	if got == "" != (want == "") || !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
