package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress prints one line a step with the time since the start.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
}

func newProgress(out io.Writer) *progress { return &progress{out: out, start: time.Now()} }

func (p *progress) step(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.out, "%7.1fs  %s\n", time.Since(p.start).Seconds(), fmt.Sprintf(format, args...))
}

// timed runs what takes long: a line when it starts, one when it is done.
func (p *progress) timed(what string, f func() error) error {
	p.step("%s ...", what)
	t := time.Now()
	if err := f(); err != nil {
		return err
	}
	p.step("%s: done in %s", what, seconds(time.Since(t)))
	return nil
}

func seconds(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
