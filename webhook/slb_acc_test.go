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
	l := b.alb("alb")
	s := b.serviceOf("hello")
	b.ready(s)
	host := s.Status.URL.Host
	near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})

	stop := l.load(host)
	b.move(s, func(s *servingv1.Service) {
		b.version(s, "v2")
		split(s, "hello-v1 70", "latest 30 canary")
	})
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 70, "v2": 30})
	near(t, l.count("canary-"+host, 100), 0, map[string]float64{"v2": 100})

	b.pods("hello-v1", 3)
	b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 90", "hello-v2 10") })
	changing := make(chan struct{})
	go func() { // Pods come and go while requests are counted
		defer close(changing)
		b.scale("hello-v1", "1")
		b.scale("hello-v2", "2")
	}()
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 90, "v2": 10})
	<-changing

	b.move(s, func(s *servingv1.Service) {
		b.version(s, "v3")
		split(s, "hello-v1 50", "hello-v2 30", "latest 20")
	})
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 50, "v2": 30, "v3": 20})

	b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 100") }) // the rollback
	near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})
	total, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d requests failed under way: %.1000v", len(failures), total, failures)
	}
	t.Logf("%d requests under way, %d failed", total, len(failures))

	b.scale("hello-v1", "")
	b.eventually("no Pod is left", b.replicas("hello-v1-deployment", func(n int32) bool { return n == 0 }))
	near(t, l.count(host, 20), 0, map[string]float64{"v1": 100}) // from zero
}

// TestAccCLB is the same behind a CLB, which weights servers only: a split is as near as its weights allow, and the status says how
// near that is.
func TestAccCLB(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	l := b.clb("clb")
	s := b.serviceOf("hello")
	b.ready(s)
	host := s.Status.URL.Host
	stop := l.load(host)
	b.move(s, func(s *servingv1.Service) {
		b.version(s, "v2")
		split(s, "hello-v1 70", "latest 30 canary")
	})
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 70, "v2": 30})
	near(t, l.count("canary-"+host, 100), 0, map[string]float64{"v2": 100})
	b.pods("hello-v1", 3)
	l.status("three Pods are weighted", func(s v1alpha1.SLBIngressStatus, _ metav1.Condition) bool { return s.Servers >= 4 })
	near(t, l.count(host, 10_000), 0.5, map[string]float64{"v1": 70, "v2": 30})
	b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 100") })
	near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})
	total, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d requests failed under way: %.1000v", len(failures), total, failures)
	}
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
