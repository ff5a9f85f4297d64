package main

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// TestAccSLBProblems is what goes wrong with a load balancer, one after another: each is told of in words, what is not concerned goes
// on, and all comes right when its cause is gone.
func TestAccSLBProblems(t *testing.T) {
	quota := slbsim.DefaultALB
	quota.Standard.Rules = 2
	b := newBalanced(t, slbsim.Options{ALB: &quota})
	l := b.alb("first")
	s := b.serviceOf("hello")
	b.ready(s)
	host := s.Status.URL.Host
	l.status("it is served", ready("True", "Served"))
	step := func(what string, try func()) {
		t.Log(what)
		try()
	}

	step("the guard is killed amid a change", func() {
		b.kill()
		if err := change(t.Context(), b.admin, s, func(s *servingv1.Service) {
			b.version(s, "v2")
			split(s, "hello-v1 50", "latest 50")
		}); err != nil {
			t.Fatal(err)
		}
		near(t, l.count(host, 100), 0, map[string]float64{"v1": 100}) // without a guard, as it was
		for i := range 3 {
			b.again()
			time.Sleep(time.Duration(i+2) * time.Second) // it starts, or is amid its work then, or done
			b.kill()
		}
		b.again()
		b.ready(s)
		near(t, l.count(host, 1000), 1, map[string]float64{"v1": 50, "v2": 50})
		if groups := b.cloud.Record.Count()["alb:CreateServerGroup"]; groups > 8 {
			t.Errorf("%d server groups were made", groups)
		}
	})
	step("a rule is deleted by hand", func() {
		made := b.cloud.Record.Count()["alb:CreateRules"]
		l.deleteRules()
		b.eventually("the guard has put it back", func(ctx context.Context) error {
			for range 20 { // both halves of the split: their servers are checked anew
				if _, err := l.get(ctx, host); err != nil {
					return err
				}
			}
			return must(b.cloud.Record.Count()["alb:CreateRules"] > made, "no rule was made")
		})
		near(t, l.count(host, 1000), 1, map[string]float64{"v1": 50, "v2": 50})
	})
	step("credentials that have no right, and then none", func() {
		b.cloud.Keys.Add(wire.Key{ID: "sim", Secret: "sim", Deny: []string{"alb:*"}})
		if err := change(t.Context(), b.admin, s, func(s *servingv1.Service) { split(s, "hello-v1 100") }); err != nil {
			t.Fatal(err)
		}
		l.status("the right is missing", ready("False", "Forbidden"))
		b.cloud.Keys.Add(wire.Key{ID: "sim", Secret: "another"})
		l.status("the key is not accepted", ready("False", "CredentialsRefused"))
		near(t, l.count(host, 100), 10, map[string]float64{"v1": 50, "v2": 50}) // served on, as it was
		b.cloud.Keys.Add(wire.Key{ID: "sim", Secret: "sim"})
		l.status("served again", ready("True", "Served"))
		b.ready(s)
		near(t, l.count(host, 100), 0, map[string]float64{"v1": 100})
	})
	b.pods("hello-v1", 1) // from here on it is not about starts
	step("a quota is reached", func() {
		second, third := b.serviceOf("second"), b.serviceOf("third")
		l.status("one host is left out", func(s v1alpha1.SLBIngressStatus, c metav1.Condition) bool {
			return c.Reason == "HostsLeftOut" && len(s.LeftOut) == 1 && strings.Contains(s.LeftOut[0].Reason, "quota")
		})
		near(t, l.count(host, 20), 0, map[string]float64{"v1": 100})
		b.remove(second)
		l.status("there is room again", ready("True", "Served"))
		b.ready(third)
		b.remove(third)
	})
	step("two SLBIngresses claim one host", func() {
		time.Sleep(time.Second) // ages are told in seconds
		second := b.alb("second", func(s *v1alpha1.SLBIngressSpec) { s.Namespaces = nil })
		second.status("the older has it", func(_ v1alpha1.SLBIngressStatus, c metav1.Condition) bool {
			return c.Reason == "HostsClaimedTwice" && strings.Contains(c.Message, l.binding.Name)
		})
		near(t, l.count(host, 20), 0, map[string]float64{"v1": 100})
		second.unbind()
	})
	step("the load balancer is deleted by hand", func() {
		l.deleteBalancer()
		l.status("it is gone", ready("False", "LoadBalancerGone"))
		l.unbind() // and does not hold up the SLBIngress
	})
}

func ready(status metav1.ConditionStatus, reason string) func(v1alpha1.SLBIngressStatus, metav1.Condition) bool {
	return func(_ v1alpha1.SLBIngressStatus, c metav1.Condition) bool {
		return c.Status == status && c.Reason == reason
	}
}

// deleteRules takes all rules off the listener, as somebody at the console might.
func (l *balancer) deleteRules() {
	l.t.Helper()
	var found struct {
		Rules []struct {
			ID string `json:"RuleId"`
		} `json:"Rules"`
	}
	l.call("ListRules", struct {
		Listeners []string `json:"ListenerIds"`
	}{[]string{l.binding.Spec.Listeners[0].ID}}, &found)
	if len(found.Rules) == 0 {
		l.t.Fatal("there are no rules")
	}
	for _, r := range found.Rules {
		l.call("DeleteRule", struct {
			ID string `json:"RuleId"`
		}{r.ID}, nil)
	}
}

// deleteBalancer deletes the load balancer with its listener.
func (l *balancer) deleteBalancer() {
	l.t.Helper()
	l.call("DeleteListener", struct {
		ID string `json:"ListenerId"`
	}{l.binding.Spec.Listeners[0].ID}, nil)
	l.eventually("it can be deleted", func(ctx context.Context) error {
		return l.cloud.Client.Call(ctx, cloud.ALB, "DeleteLoadBalancer", struct {
			ID string `json:"LoadBalancerId"`
		}{l.id}, nil)
	})
}

func (l *balancer) call(action string, in, out any) {
	l.t.Helper()
	if err := l.cloud.Client.Call(l.t.Context(), cloud.ALB, action, in, out); err != nil {
		l.t.Fatal(err)
	}
}

// remove deletes a Service, and waits until it is gone.
func (b *balanced) remove(s *servingv1.Service) {
	b.t.Helper()
	if err := b.admin.Delete(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
}
