package main

import (
	"context"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccALB is the life of a Service behind an ALB: splits that are exact whatever Pods there are, tags, a canary and its rollback
// under load, and to zero and back.
func TestAccALB(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	b.idle = "15s" // there is load all the time, and at the end none
	l := b.alb("alb")
	s := l.life()
	b.scale("hello-v1", "")
	b.eventually("no Pod is left", b.replicas("hello-v1-deployment", func(n int32) bool { return n == 0 }))
	near(t, l.count(s.Status.URL.Host, 20), 0, map[string]float64{"v1": 100}) // from zero
}

// TestAccCLB is the same behind a CLB, which weights servers only: a split is as near as its weights allow, and the status says how
// near that is. There is no scale to zero, for a CLB cannot lead to Knative's activator.
func TestAccCLB(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	l := b.clb("clb")
	l.life()
	l.status("what is reached is told", func(s v1alpha1.SLBIngressStatus, _ metav1.Condition) bool { return s.Servers >= 1 })
}

// life takes a Service from a canary to a rollback under load, in which no request fails.
func (l *balancer) life() *servingv1.Service {
	t, s := l.t, l.serviceOf("hello")
	t.Helper()
	l.ready(s)
	host := s.Status.URL.Host
	near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})

	stop := l.load(host)
	l.move(s, func(s *servingv1.Service) {
		l.version(s, "v2")
		split(s, "hello-v1 70", "latest 30 canary")
	})
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 70, "v2": 30})
	near(t, l.count("canary-"+host, 100), 0, map[string]float64{"v2": 100})

	l.pods("hello-v1", 3)
	l.status("three Pods and one are behind it", func(s v1alpha1.SLBIngressStatus, _ metav1.Condition) bool { return s.Servers >= 4 })
	l.move(s, func(s *servingv1.Service) { split(s, "hello-v1 90", "hello-v2 10") })
	changing := make(chan struct{})
	go func() { // Pods come and go while requests are counted
		defer close(changing)
		l.scale("hello-v1", "1")
		l.scale("hello-v2", "2")
	}()
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 90, "v2": 10})
	<-changing

	l.move(s, func(s *servingv1.Service) {
		l.version(s, "v3")
		split(s, "hello-v1 50", "hello-v2 30", "latest 20")
	})
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 50, "v2": 30, "v3": 20})

	l.move(s, func(s *servingv1.Service) { split(s, "hello-v1 100") }) // the rollback
	near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})
	total, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d requests failed under way: %.1000v", len(failures), total, failures)
	}
	t.Logf("%d requests under way, %d failed", total, len(failures))
	return s
}

// pods gives a Revision some Pods, and waits until they are Ready.
func (b *balanced) pods(revision string, n int32) {
	b.t.Helper()
	b.scale(revision, strconv.Itoa(int(n)))
	b.eventually(revision+" has its Pods", func(ctx context.Context) error {
		d := &appsv1.Deployment{ObjectMeta: b.meta(revision + "-deployment")}
		err := b.admin.Get(ctx, client.ObjectKeyFromObject(d), d)
		return must(err == nil && d.Status.ReadyReplicas == n, "%v %+v", err, d.Status)
	})
}

// scale sets a Revision's least number of Pods; "" takes it off.
func (b *balanced) scale(revision, n string) {
	const key = "autoscaling.knative.dev/min-scale"
	r := &servingv1.Revision{ObjectMeta: b.meta(revision)}
	if err := change(b.t.Context(), b.admin, r, func(r *servingv1.Revision) {
		if n == "" {
			delete(r.Annotations, key)
			return
		}
		r.Annotations[key] = n
	}); err != nil {
		b.t.Error(err)
	}
}
