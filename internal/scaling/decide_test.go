package scaling

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestDecide is the truth table of Decide.
func TestDecide(t *testing.T) {
	n := func(n int32) *int32 { return &n }
	day, sale, event := Floor{Source: "schedule/day", Replicas: 10}, Floor{Source: "schedule/sale", Replicas: 10}, Floor{Source: FromEvent, Replicas: 3}
	for name, tc := range map[string]struct {
		asked Asked
		want  string // floor from; min and max written
	}{
		"nothing":                                       {Asked{}, "0 ; - -"},
		"the target's own":                              {Asked{Own: Bounds{2, 5}}, "2 target; - -"},
		"a window":                                      {Asked{Floors: []Floor{day}}, "10 schedule/day; 10 -"},
		"a window above the target's own":               {Asked{Own: Bounds{2, 0}, Floors: []Floor{day}}, "10 schedule/day; 10 -"},
		"a window below the target's own":               {Asked{Own: Bounds{20, 0}, Floors: []Floor{day}}, "20 target; - -"},
		"a window that is the target's own":             {Asked{Own: Bounds{10, 0}, Floors: []Floor{day}}, "10 target; - -"},
		"the largest of several":                        {Asked{Floors: []Floor{event, day}}, "10 schedule/day; 10 -"},
		"of equal ones the first":                       {Asked{Floors: []Floor{event, day, sale}}, "10 schedule/day; 10 -"},
		"a source that asks for none":                   {Asked{Floors: []Floor{{Source: FromEvent}}}, "0 ; - -"},
		"below none":                                    {Asked{Floors: []Floor{{Source: FromEvent, Replicas: -1}}}, "0 ; - -"},
		"min":                                           {Asked{Min: n(3)}, "3 min; 3 -"},
		"min in the place of a larger own":              {Asked{Own: Bounds{5, 0}, Min: n(3)}, "3 min; 3 -"},
		"min 0 in the place of the target's own":        {Asked{Own: Bounds{5, 0}, Min: n(0)}, "0 ; 0 -"},
		"min that is the target's own":                  {Asked{Own: Bounds{3, 0}, Min: n(3)}, "3 min; - -"},
		"a window above min":                            {Asked{Min: n(3), Floors: []Floor{day}}, "10 schedule/day; 10 -"},
		"min above a window":                            {Asked{Min: n(11), Floors: []Floor{day}}, "11 min; 11 -"},
		"max":                                           {Asked{Max: n(4)}, "0 ; - 4"},
		"max that is the target's own":                  {Asked{Own: Bounds{0, 4}, Max: n(4)}, "0 ; - -"},
		"a window above max":                            {Asked{Max: n(4), Floors: []Floor{day}}, "4 schedule/day, clamped from 10 by max; 4 4"},
		"a window above the target's own max":           {Asked{Own: Bounds{0, 4}, Floors: []Floor{day}}, "4 schedule/day, clamped from 10 by max; 4 -"},
		"max above the target's own":                    {Asked{Own: Bounds{0, 4}, Max: n(20), Floors: []Floor{day}}, "10 schedule/day; 10 20"},
		"max below the target's own min":                {Asked{Own: Bounds{5, 8}, Max: n(2)}, "2 target, clamped from 5 by max; 2 2"},
		"no limit in the place of the target's own max": {Asked{Own: Bounds{0, 4}, Max: n(0), Floors: []Floor{day}}, "10 schedule/day; 10 0"},
		"max above the cluster's limit":                 {Asked{Max: n(20), Limit: 8, Floors: []Floor{day}}, "8 schedule/day, clamped from 10 by max; 8 8"},
		"no limit, where the cluster has one":           {Asked{Max: n(0), Limit: 8}, "0 ; - 8"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(tc.asked)
			if got := fmt.Sprintf("%d %s; %s %s", d.Floor, d.From, show(d.Min), show(d.Max)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestDecideProperties holds for any bounds and floors: never above max, never below a floor that max allows, and a floor that goes
// never makes it larger.
func TestDecideProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	small := func() int32 { return r.Int32N(7) }
	maybe := func() *int32 {
		n := small()
		if r.IntN(2) == 0 {
			return nil
		}
		return &n
	}
	for range 20_000 {
		a := Asked{Own: Bounds{small(), small()}, Min: maybe(), Max: maybe(), Limit: small()}
		for i := range r.IntN(4) {
			a.Floors = append(a.Floors, Floor{Source: fmt.Sprint(i), Replicas: small()})
		}
		d := Decide(a)
		lowest, most := a.Own.Min, a.Own.Max
		if d.Min != nil {
			lowest = *d.Min
		}
		if d.Max != nil {
			most = *d.Max
		}
		if lowest != d.Floor {
			t.Fatalf("%+v: min is to be %d, the floor is %d", a, lowest, d.Floor)
		}
		if most > 0 && d.Floor > most {
			t.Fatalf("%+v: floor %d above max %d", a, d.Floor, most)
		}
		for _, f := range a.Floors {
			if d.Floor < f.Replicas && (most == 0 || d.Floor < most) {
				t.Fatalf("%+v: floor %d below that of %s, and below max %d", a, d.Floor, f.Source, most)
			}
		}
		if (d.Floor == 0) != (d.From == "") {
			t.Fatalf("%+v: floor %d from %q", a, d.Floor, d.From)
		}
		if n := len(a.Floors); n > 0 {
			a.Floors = a.Floors[:n-1]
			if less := Decide(a); less.Floor > d.Floor {
				t.Fatalf("%+v: without a floor %d, with it %d", a, less.Floor, d.Floor)
			}
		}
	}
}

func show(n *int32) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}
