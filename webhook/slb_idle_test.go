package main

import (
	"testing"
	"time"

	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccSLBIdle brings a Revision without requests into a split again and again, around the moment at which Knative's autoscaler takes
// it to zero: when the Service is Ready its share comes to it, whichever of the two was first.
func TestAccSLBIdle(t *testing.T) {
	b := newBalanced(t, slbsim.Options{})
	b.idle = "6s" // the shortest that Knative allows
	l := b.alb("idle")
	s := b.serviceOf("hello")
	b.ready(s)
	host := s.Status.URL.Host
	b.move(s, func(s *servingv1.Service) {
		b.version(s, "v2")
		split(s, "hello-v1 100", "latest 0 next")
	})
	for _, after := range []int{6, 7, 8, 9} {
		time.Sleep(time.Duration(after) * time.Second)
		b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 70", "hello-v2 30 next") })
		near(t, l.count(host, 500), 4, map[string]float64{"v1": 70, "v2": 30})
		b.move(s, func(s *servingv1.Service) { split(s, "hello-v1 100", "hello-v2 0 next") })
	}
}
