package main

import (
	"context"
	"fmt"
	"testing"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccSLBLeader kills the replica that changes the load balancer, amid a change and under load: another goes on with it, no request
// fails, and nothing is made twice.
func TestAccSLBLeader(t *testing.T) {
	b := newBalanced(t, slbsim.Options{}, "-leader-election=true")
	second := b.process.Beside(t.TempDir())
	second.Args, second.Env = b.process.Args, b.process.Env
	b.run(second)
	l := b.alb("alb")
	s := b.staged("hello")
	host := s.Status.URL.Host
	stop := l.load(host)
	if err := change(t.Context(), b.admin, s, func(s *servingv1.Service) { split(s, "hello-v1 70", "latest 30 canary") }); err != nil {
		t.Fatal(err)
	}
	b.kill()
	b.ready(s)
	near(t, l.count(host, 1000), 1, map[string]float64{"v1": 70, "v2": 30})
	if !leads(second) {
		t.Error("the second does not lead")
	}
	if total, failures := stop(); len(failures) > 0 {
		t.Errorf("%d of %d requests failed under way: %.1000v", len(failures), total, failures)
	}
	b.eventually("nothing is there twice", func(context.Context) error {
		groups := map[string]bool{}
		for _, r := range b.cloud.Resources() {
			if r.Kind == "alb server group" && groups[r.Name] {
				return fmt.Errorf("there are two of %s", r.Name)
			}
			groups[r.Name] = true
		}
		return nil
	})
}
