package plane

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

func TestSmooth(t *testing.T) {
	type item struct {
		name           string
		weight, credit int
	}
	for name, test := range map[string]struct {
		weights []int
		want    string
	}{
		"nginx's own example": {[]int{5, 1, 1}, "aabacaa"},
		"alike":               {[]int{1, 1}, "abab"},
		"one":                 {[]int{3}, "aaa"},
	} {
		t.Run(name, func(t *testing.T) {
			var items []*item
			for i, w := range test.weights {
				items = append(items, &item{name: string(rune('a' + i)), weight: w})
			}
			got := ""
			for range test.want {
				got += smooth(items, func(i *item) (int, *int) { return i.weight, &i.credit }).name
			}
			if got != test.want {
				t.Fatalf("chose %s, want %s", got, test.want)
			}
		})
	}
}

func TestTake(t *testing.T) {
	take := func(p *Pool, c *Check) (string, error) {
		_, cancel := context.WithCancelCause(t.Context())
		f, release, err := p.take(c, "10.0.0.1", cancel)
		if err != nil {
			return "", err
		}
		defer release()
		return f.address, nil
	}
	p := NewPool(clock.RealClock{})
	if _, err := take(p, nil); !errors.Is(err, errNoBackend) {
		t.Fatalf("empty: %v", err)
	}
	p.Set(PoolConfig{Backends: []Backend{{ID: "a", Weight: 0}, {ID: "b", Weight: 1, Leaving: true}}})
	if _, err := take(p, nil); !errors.Is(err, errNoBackend) {
		t.Fatalf("none that takes requests: %v", err)
	}
	p.Set(PoolConfig{Backends: []Backend{{ID: "a", Address: "a", Weight: 1}, {ID: "b", Weight: 1, Leaving: true}}})
	check := p.NewCheck()
	check.Set(&CheckConfig{Rise: 2, Fall: 2})
	if _, err := take(p, check); !errors.Is(err, errUnhealthy) {
		t.Fatalf("not checked yet: %v", err)
	}
	if at, err := take(p, nil); at != "a" || err != nil {
		t.Fatalf("without a check: %q, %v", at, err)
	}
}

func TestSchedulers(t *testing.T) {
	for scheduler, want := range map[string]string{"Wrr": "aaab", "Wlc": "aaba", "Sch": "same"} {
		p := NewPool(clock.RealClock{})
		p.Set(PoolConfig{Scheduler: scheduler, Backends: []Backend{{ID: "a", Address: "a", Weight: 3}, {ID: "b", Address: "b", Weight: 1}}})
		got := ""
		for range 4 { // none is released
			_, cancel := context.WithCancelCause(t.Context())
			f, _, err := p.take(nil, "10.0.0.1", cancel)
			if err != nil {
				t.Fatal(err)
			}
			got += f.address
		}
		flows := p.Flows()
		switch {
		case want == "same" && (flows["a"] == 4 || flows["b"] == 4):
		case want != "same" && flows["a"] == 3 && flows["b"] == 1:
		default:
			t.Errorf("%s chose %s, want %s or the like", scheduler, got, want)
		}
	}
}

func TestNote(t *testing.T) {
	bad := errors.New("refused")
	config := &CheckConfig{Rise: 2, Fall: 3}
	for name, test := range map[string]struct {
		probes string // + good, - bad
		want   Health
	}{
		"none":                      {"", Initial},
		"one good":                  {"+", Initial},
		"two good":                  {"++", Healthy},
		"good, bad, good":           {"+-+", Initial},
		"three bad":                 {"---", Unhealthy},
		"healthy, two bad":          {"++--", Healthy},
		"healthy, bad in three":     {"++--+--", Healthy},
		"healthy, three bad":        {"++---", Unhealthy},
		"unhealthy, one good":       {"---+", Unhealthy},
		"unhealthy, good, bad":      {"---+-+", Unhealthy},
		"unhealthy, two good":       {"---++", Healthy},
		"healthy again, then a bad": {"---++-", Healthy},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewPool(clock.RealClock{})
			p.Set(PoolConfig{Backends: []Backend{{ID: "a", Weight: 1}}})
			c := p.NewCheck()
			c.Set(config)
			for _, probe := range test.probes {
				err := bad
				if probe == '+' {
					err = nil
				}
				c.note(p.backends[0], config, err)
			}
			if got := c.Health()["a"].Health; got != string(test.want) {
				t.Fatalf("%s, want %s", got, test.want)
			}
		})
	}
}

// A request chooses a pool, and then a backend: in between, a change may have taken the pool out of use.
func TestActivate(t *testing.T) {
	p := NewPool(clock.RealClock{})
	p.Set(PoolConfig{Backends: []Backend{{ID: "a", Address: "127.0.0.1:1", Weight: 1}}})
	c := p.NewCheck()
	defer c.Close()
	config := &CheckConfig{Protocol: "TCP", Rise: 1, Fall: 100, Interval: time.Hour, Timeout: time.Second}
	c.Set(config)
	c.Activate(true)
	c.note(p.backends[0], config, nil)
	for _, step := range []struct {
		active bool
		want   Health
	}{{true, Healthy}, {false, Healthy}, {true, Initial}} {
		c.Activate(step.active)
		if got := c.Health()["a"].Health; got != string(step.want) {
			t.Errorf("active %v: %s, want %s", step.active, got, step.want)
		}
	}
}
