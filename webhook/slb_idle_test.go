package main

import (
	"context"
	"testing"
	"time"

	autoscalingv1alpha1 "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccSLBIdle brings a Revision without requests into a split at zero, and then about when Knative's autoscaler takes it there: when
// the Service is Ready its share comes to it. The moments at which the autoscaler decides first are too short to be met here: TestObserve
// and TestKnows of internal/scaling have them.
func TestAccSLBIdle(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	b.idle = "6s" // the shortest that Knative allows
	l := b.alb("alb")
	s := b.staged("hello")
	join := func() {
		t.Helper()
		b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 70", "hello-v2 30 canary") })
		near(t, l.count(s.Status.URL.Host, 500), 4, map[string]float64{"v1": 70, "v2": 30})
		b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 100", "hello-v2 0 canary") })
	}
	b.inactive("hello-v2")
	start := time.Now()
	b.eventually("it is at zero", b.replicas("hello-v2-deployment", func(n int32) bool { return n == 0 }))
	grace := time.Since(start)
	join()
	b.inactive("hello-v2")
	time.Sleep(grace - time.Second)
	join()
}

// inactive waits until the autoscaler is about to take a Revision to zero.
func (b *balanced) inactive(revision string) {
	b.t.Helper()
	pa := &autoscalingv1alpha1.PodAutoscaler{ObjectMeta: b.meta(revision)}
	b.eventually(revision+" is inactive", func(ctx context.Context) error {
		err := b.admin.Get(ctx, client.ObjectKeyFromObject(pa), pa)
		return must(err == nil && pa.Status.IsInactive(), "%v %+v", err, pa.Status)
	})
}
