package slbtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// death ends a process at one of its calls, as far as the emulator can tell: no more of its calls come through.
type death struct {
	mu      sync.Mutex
	armed   bool
	left    int  // how many calls still come through
	carried bool // whether the one after them is carried out, though no one hears of it
	cancel  context.CancelFunc
}

func (d *death) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.left--
	dead, last, carried := d.armed && d.left < 0, d.left == -1, d.carried
	d.mu.Unlock()
	if !dead {
		next.ServeHTTP(w, r)
		return
	}
	if last && carried {
		next.ServeHTTP(httptest.NewRecorder(), r)
	}
	d.cancel()
	panic(http.ErrAbortHandler)
}

// DieAfter gives the context of a process that is killed after so many calls; with carried the call at which it dies is carried out.
func (b *Bed) DieAfter(calls int, carried bool) context.Context {
	ctx, cancel := context.WithCancel(b.T.Context())
	b.death.mu.Lock()
	defer b.death.mu.Unlock()
	b.death.armed, b.death.left, b.death.carried, b.death.cancel = true, calls, carried, cancel
	return ctx
}

// Revive lets calls through again, and says whether someone was killed.
func (b *Bed) Revive() bool {
	b.death.mu.Lock()
	defer b.death.mu.Unlock()
	killed := b.death.left < 0
	b.death.armed = false
	b.death.cancel()
	return killed
}

// Scenario is a load balancer that serves one thing, and then another.
type Scenario struct {
	Bed           *Bed
	Before, After slb.Wanted
	New           func() slb.Deployer // a process that starts
}

// KillAtEachCall kills a process at each of its calls on the way from Before to After, once before the call is carried out and once
// after, and lets another go on: it must come to where an undisturbed one does, and nothing may be left over.
func KillAtEachCall(t *testing.T, scenario func(t *testing.T) Scenario) {
	t.Helper()
	s := scenario(t)
	s.Bed.Settle(s.New(), s.Before)
	s.Bed.Settle(s.New(), s.After)
	want := s.Bed.Picture()
	for _, carried := range []bool{false, true} {
		t.Run(fmt.Sprintf("carried out %v", carried), func(t *testing.T) {
			t.Parallel() // it waits most of the time
			killed := true
			for n := 0; killed; n++ {
				t.Run(fmt.Sprintf("after %d calls", n), func(t *testing.T) { killed = killAt(t, scenario, n, carried, want) })
			}
		})
	}
}

// killAt says whether a process was killed before it had done all.
func killAt(t *testing.T, scenario func(t *testing.T) Scenario, n int, carried bool, want []string) bool {
	t.Helper()
	s := scenario(t)
	s.Bed.Settle(s.New(), s.Before)
	ctx := s.Bed.DieAfter(n, carried)
	settleUntilKilled(ctx, s.New(), s.After)
	if !s.Bed.Revive() {
		return false
	}
	s.Bed.Settle(s.New(), s.After)
	if diff := cmp.Diff(want, s.Bed.Picture()); diff != "" {
		t.Fatal(diff)
	}
	return true
}

func settleUntilKilled(ctx context.Context, d slb.Deployer, w slb.Wanted) {
	for ctx.Err() == nil {
		r, err := d.Deploy(ctx, w)
		if err != nil || r.Again == 0 {
			return
		}
		w.Announced = Announce(r)
		time.Sleep(r.Again)
	}
}

var rulePriority = regexp.MustCompile(`^\d+ of `)

// Picture is what the load balancers have, without what differs from one run to the next: IDs, and the numbers of priorities.
func (b *Bed) Picture() []string {
	b.T.Helper()
	all := b.Resources()
	names := []string{}
	for _, r := range all {
		name := r.Tags["knative-provider.dev/key"]
		if name == "" {
			name = r.Name
		}
		names = append(names, r.ID, r.Kind+" "+name)
	}
	replace := strings.NewReplacer(names...)
	var lines []string
	for _, r := range all {
		_, certificates, _ := strings.Cut(r.Detail, " with ")
		switch {
		case strings.HasSuffix(r.Kind, "listener"): // the rest is an address
			r.Detail = certificates
		case !strings.HasSuffix(r.Kind, "rule") && !strings.HasSuffix(r.Kind, "group") && r.Kind != "certificate":
			continue
		}
		parts := strings.Split(rulePriority.ReplaceAllString(replace.Replace(r.Detail), ""), " · ")
		slices.Sort(parts)
		words := strings.Fields(strings.Join(parts, " "))
		if strings.HasPrefix(r.Kind, "clb") && strings.HasSuffix(r.Kind, "group") {
			slices.Sort(words)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", r.Kind, r.Tags["knative-provider.dev/key"], r.Status, strings.Join(words, " ")))
	}
	slices.Sort(lines)
	return lines
}
