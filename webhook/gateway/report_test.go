package gateway

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func all(n int) count { return count{all: n} }

func TestDue(t *testing.T) {
	wrote, differed := time.Unix(100, 0), time.Unix(200, 0)
	for name, c := range map[string]struct {
		now, last count
		at        time.Time
		ever      bool
	}{
		"a rise":           {now: all(2), last: all(1), at: differed.Add(20 * time.Millisecond), ever: true},
		"the first":        {now: all(1), last: all(0), at: differed.Add(20 * time.Millisecond), ever: true},
		"a fall":           {now: all(1), last: all(2), at: differed.Add(time.Second), ever: true},
		"the last":         {now: all(0), last: all(1), at: differed.Add(time.Second), ever: true},
		"as it was":        {now: all(3), last: all(3), at: wrote.Add(5 * time.Second), ever: true},
		"another share":    {now: count{all: 2, of: map[string]int{"b": 2}}, last: count{all: 2, of: map[string]int{"a": 2}}, at: differed.Add(20 * time.Millisecond), ever: true},
		"a share less":     {now: count{all: 2, of: map[string]int{"b": 1}}, last: count{all: 2, of: map[string]int{"b": 2}}, at: differed.Add(time.Second), ever: true},
		"as it was, and 0": {now: all(0), last: all(0)},
	} {
		at, ever := due(c.now, said{count: c.last, at: wrote}, differed)
		if ever != c.ever || !at.Equal(c.at) {
			t.Errorf("%s: %s, %t; want %s, %t", name, at, ever, c.at, c.ever)
		}
	}
}

// book is what a reporter wrote, and when.
type book struct {
	mu     sync.Mutex
	counts []int
	at     []time.Duration
	start  time.Time
	fail   int // so many times
}

func (b *book) write(_ context.Context, _ types.NamespacedName, c count) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail > 0 {
		b.fail--
		return errors.New("the API server is away")
	}
	b.counts, b.at = append(b.counts, c.all), append(b.at, time.Since(b.start))
	return nil
}

// reports runs a reporter on a clock of its own.
func reports(t *testing.T, fail int, story func(count func(int))) *book {
	t.Helper()
	b := &book{fail: fail}
	synctest.Test(t, func(t *testing.T) {
		b.start = time.Now()
		var now atomic.Int64
		r := &reporter{count: func() count { return all(int(now.Load())) }, write: b.write, wake: make(chan struct{}, 1)}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.run(ctx); close(done) }()
		story(func(n int) { now.Store(int64(n)); r.changed() })
		stop()
		<-done
	})
	return b
}

func TestReporterGathersABurst(t *testing.T) {
	b := reports(t, 0, func(count func(int)) {
		for n := range 50 {
			count(n + 1)
			time.Sleep(200 * time.Microsecond)
		}
		time.Sleep(3 * time.Second)
		count(0)
		time.Sleep(2 * time.Second)
	})
	if len(b.counts) != 2 || b.counts[0] != 50 || b.at[0] != 20*time.Millisecond || b.counts[1] != 0 {
		t.Errorf("wrote %v at %v", b.counts, b.at)
	}
}

func TestReporterRenewsOnlyWhatIsInFlight(t *testing.T) {
	b := reports(t, 0, func(count func(int)) {
		time.Sleep(time.Minute)
		count(1)
		time.Sleep(21 * time.Second)
	})
	if len(b.counts) != 6 || b.counts[5] != 0 { // at 0, 5, 10, 15, 20 s, and when it ends
		t.Errorf("wrote %v at %v", b.counts, b.at)
	}
	if b.at[0] < time.Minute {
		t.Errorf("it wrote with nothing in flight: %v", b.at)
	}
}

func TestReporterTriesAgain(t *testing.T) {
	b := reports(t, 3, func(count func(int)) {
		count(5)
		time.Sleep(4 * time.Second)
	})
	if len(b.counts) == 0 || b.counts[0] != 5 || b.at[0] > 2*time.Second {
		t.Errorf("wrote %v at %v", b.counts, b.at)
	}
}
