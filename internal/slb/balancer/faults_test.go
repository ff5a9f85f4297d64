package balancer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// errKilled is what a caller says whose process is no more.
var errKilled = errors.New("killed")

// killed lets calls through until the n-th, which arrives or does not, and none after it.
type killed struct {
	Caller
	n       int
	arrives bool
	calls   int
}

func (k *killed) Call(ctx context.Context, p cloud.Product, action string, in, out any) error {
	k.calls++
	switch {
	case k.n == 0 || k.calls < k.n:
		return k.Caller.Call(ctx, p, action, in, out)
	case k.calls == k.n && k.arrives:
		_ = k.Caller.Call(ctx, p, action, in, out) // nobody is there to hear the answer
	}
	return errKilled
}

// Killed at any call of a create or of a destroy, the next run goes on with what is there: nothing is doubled, nothing left.
func TestKilledAtEachCall(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			want := settingsOf(kind)
			count := &killed{Caller: newBed(t, slbsim.Options{}).cloud}
			id, err := whole(t.Context(), New(count, kind, shop, func(string) {}), want, twoListeners)
			if err != nil {
				t.Fatal(err)
			}
			made := count.calls
			if err := New(count, kind, shop, func(string) {}).Remove(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			removed := count.calls - made
			if made < 8 || removed < 6 {
				t.Fatalf("%d calls make one, %d take it away", made, removed)
			}
			for n := 1; n <= made; n++ {
				for _, arrives := range []bool{false, true} {
					b := newBed(t, slbsim.Options{})
					if _, err := whole(t.Context(), New(&killed{Caller: b.cloud, n: n, arrives: arrives}, kind, shop, func(string) {}), want, twoListeners); !errors.Is(err, errKilled) {
						t.Fatalf("killed at call %d: %v", n, err)
					}
					if _, err := whole(t.Context(), b.maker(kind), want, twoListeners); err != nil {
						t.Errorf("after it was killed at call %d (%t): %v", n, arrives, err)
					}
					if diff := cmp.Diff(wantCount[kind], b.count()); diff != "" {
						t.Errorf("after it was killed at call %d (%t) (-want +got)\n%s", n, arrives, diff)
					}
				}
			}
			for n := 1; n <= removed; n++ {
				for _, arrives := range []bool{false, true} {
					b := newBed(t, slbsim.Options{})
					id, err := whole(t.Context(), b.maker(kind), want, twoListeners)
					if err != nil {
						t.Fatal(err)
					}
					if err := New(&killed{Caller: b.cloud, n: n, arrives: arrives}, kind, shop, func(string) {}).Remove(t.Context(), id); !errors.Is(err, errKilled) {
						t.Fatalf("killed at call %d: %v", n, err)
					}
					if err := b.maker(kind).Remove(t.Context(), id); err != nil {
						t.Errorf("after it was killed at call %d (%t): %v", n, arrives, err)
					}
					if left := b.Resources(); len(left) != 0 {
						t.Errorf("after it was killed at call %d (%t) there is left: %+v", n, arrives, left)
					}
				}
			}
		})
	}
}

// Bad days together: throttled, refused, replies lost, a job that takes its time.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(8) {
				b := newBed(t, slbsim.Options{Seed: seed, Jobs: 5 * time.Millisecond})
				b.Faults.Set(
					wire.Fault{Rate: 0.3, Effect: wire.Effect{Throttle: true}},
					wire.Fault{Rate: 0.1, Effect: wire.Effect{Error: &wire.Error{Status: 503, Code: "ServiceUnavailable", Message: "Try again."}}},
					wire.Fault{Rate: 0.2, Effect: wire.Effect{LoseReply: true}},
				)
				id, err := whole(t.Context(), b.maker(kind), settingsOf(kind), twoListeners)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if diff := cmp.Diff(wantCount[kind], b.count()); diff != "" {
					t.Errorf("seed %d (-want +got)\n%s", seed, diff)
				}
				if err := b.maker(kind).Remove(t.Context(), id); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				if left := b.Resources(); len(left) != 0 {
					t.Errorf("seed %d: left behind: %+v", seed, left)
				}
			}
		})
	}
}

// A listener with rules of others is left alone, and the load balancer with it.
func TestRulesOfOthers(t *testing.T) {
	t.Parallel()
	b := newBed(t, slbsim.Options{})
	m := b.maker(v1alpha1.ALB)
	id, err := whole(t.Context(), m, settingsOf(v1alpha1.ALB), twoListeners)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := m.Listeners(t.Context(), id)
	other := &alb{Caller: b.cloud, poller: poller{func(string) {}}, owner: Owner{Cluster: "another", Name: "one"}}
	if err := other.redirect(t.Context(), all[0], Listener{ForwardPort: 8443}); err != nil {
		t.Fatal(err)
	}
	before := b.Resources()
	if err := m.Remove(t.Context(), id); err == nil || !strings.Contains(err.Error(), "has 1 rules that Terraform did not make: rule-") {
		t.Error(err)
	}
	if diff := cmp.Diff(before, b.Resources()); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}

// An ALB that did not come up is an error, and the next run makes it anew.
func TestCreateFailed(t *testing.T) {
	t.Parallel()
	b := newBed(t, slbsim.Options{Jobs: 5 * time.Millisecond})
	b.Faults.Set(wire.Fault{Action: "CreateLoadBalancer", Times: 1, Effect: wire.Effect{FailJob: &wire.Error{Code: "NoStock", Message: "No resources in this zone."}}})
	m := b.maker(v1alpha1.ALB)
	if _, err := whole(t.Context(), m, settingsOf(v1alpha1.ALB), nil); err == nil || !strings.Contains(err.Error(), "its status is CreateFailed") {
		t.Errorf("the first: %v", err)
	}
	if _, err := whole(t.Context(), m, settingsOf(v1alpha1.ALB), nil); err != nil {
		t.Error(err)
	}
	if got := b.count()["alb"]; got != 1 {
		t.Errorf("there are %d", got)
	}
}
