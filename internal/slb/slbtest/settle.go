package slbtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// Settle deploys again and again, when it is time to, until nothing waits, for at most 20 seconds.
func (b *Bed) Settle(d slb.Deployer, w slb.Wanted) slb.Result {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.T.Context(), 20*time.Second)
	defer cancel()
	for {
		r, err := d.Deploy(ctx, w)
		if err != nil {
			b.T.Fatalf("deploy: %v", err)
		}
		if r.Again == 0 {
			return r
		}
		w.Announced = Announce(r)
		select {
		case <-ctx.Done():
			b.T.Fatalf("it does not come to rest: %+v", r)
		case <-time.After(r.Again):
		}
	}
}

// Announce gives the IDs of the certificates that a result has.
func Announce(r slb.Result) []string {
	var ids []string
	for _, c := range r.Certificates {
		ids = append(ids, c.ID)
	}
	return ids
}

// Clear removes all that is the owner's, and fails the test if something is left that is not in keep.
func (b *Bed) Clear(d slb.Deployer, w slb.Wanted) {
	b.T.Helper()
	for range 100 {
		again, err := d.Remove(b.T.Context(), w)
		if err != nil {
			b.T.Fatalf("remove: %v", err)
		}
		if again == 0 {
			return
		}
		time.Sleep(again)
	}
	b.T.Fatal("it is never all removed")
}

// Owned counts the resources of a kind that have the owner's tags, such as "alb server group".
func (b *Bed) Owned(kind string) int {
	count := 0
	for _, r := range b.Resources() {
		if r.Kind == kind && r.Tags["knative-provider.dev/cluster"] != "" {
			count++
		}
	}
	return count
}

// LeftOut fails the test unless hosts are left out for reasons that say all of their words.
func LeftOut(t *testing.T, r slb.Result, hosts map[string][]string) {
	t.Helper()
	reasons := map[string]string{}
	for _, left := range r.LeftOut {
		reasons[left.Host] = left.Reason
	}
	for host, words := range hosts {
		for _, word := range words {
			if !strings.Contains(reasons[host], word) {
				t.Errorf("%s is left out for %q, which does not say %q", host, reasons[host], word)
			}
		}
	}
}
