package ingress

import (
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

var (
	hello       = types.NamespacedName{Namespace: "shop", Name: "hello"}
	outside     = wanted.HostOf{Host: "hello.example.com", Ingress: hello}
	inside      = wanted.HostOf{Host: "hello.shop", Ingress: hello}
	gone        = &cloud.Error{Kind: cloud.Gone, Code: "ResourceNotFound.LoadBalancer"}
	unreachable = &cloud.Error{Kind: cloud.Unavailable}
)

func planOf(rules ...string) wanted.Plan {
	return wanted.Plan{Hosts: []wanted.Host{{HostOf: outside, Generation: 3, Rules: rules}}}
}

// TestHostStates is the truth table of how far a host is.
func TestHostStates(t *testing.T) {
	t.Parallel()
	ready, late := slb.RuleState{Rule: "a", Ready: true}, slb.RuleState{Rule: "b", Waiting: "no healthy server"}
	leaves := planOf()
	leaves.Hosts[0].LeftOut = "no HTTPS"
	waits := planOf("a")
	waits.Hosts[0].Waiting = "no Pod"
	kept, goes := planOf("a"), planOf("a")
	kept.Hosts[0].Floors = []types.NamespacedName{{Name: "kept"}}
	goes.Hosts[0].Floors = []types.NamespacedName{{Name: "kept"}, {Name: "v2"}}
	for name, c := range map[string]struct {
		plan   wanted.Plan
		result slb.Result
		failed error
		want   hostState
	}{
		"served, and its Pod is kept":     {kept, slb.Result{Rules: []slb.RuleState{ready}}, nil, hostState{}},
		"served, and its Pod may go":      {goes, slb.Result{Rules: []slb.RuleState{ready}}, nil, hostState{waiting: "a Pod of v2 is not kept for it yet", unknown: true}},
		"the plan leaves it out":          {leaves, slb.Result{}, nil, hostState{leftOut: "no HTTPS"}},
		"a rule is left out":              {planOf("a", "b"), slb.Result{Rules: []slb.RuleState{ready}, LeftOut: []slb.LeftOut{{Rule: "b", Reason: "quota"}}}, nil, hostState{leftOut: "quota"}},
		"served":                          {planOf("a"), slb.Result{Rules: []slb.RuleState{ready}}, nil, hostState{}},
		"served, with what is waited for": {waits, slb.Result{Rules: []slb.RuleState{ready}}, nil, hostState{waiting: "no Pod"}},
		"one rule is late":                {planOf("a", "b"), slb.Result{Rules: []slb.RuleState{ready, late}}, nil, hostState{waiting: "no healthy server"}},
		"a rule is not told of":           {planOf("a", "c"), slb.Result{Rules: []slb.RuleState{ready}}, nil, hostState{waiting: "its rule is not in force yet"}},
		"the cloud fails for one":         {planOf("a", "b"), slb.Result{Rules: []slb.RuleState{ready}}, unreachable, hostState{waiting: unreachable.Error(), unknown: true}},
		"the cloud fails for another":     {planOf("a"), slb.Result{Rules: []slb.RuleState{ready}}, unreachable, hostState{}},
		"it is gone":                      {planOf("a"), slb.Result{}, gone, hostState{waiting: gone.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.generation = 3
			if got := hostStates(c.plan, c.result, c.failed, func(r types.NamespacedName) bool { return r.Name == "kept" })[outside]; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestIngressStatus is the truth table of a KIngress's status.
func TestIngressStatus(t *testing.T) {
	t.Parallel()
	served := hostState{generation: 3}
	for name, c := range map[string]struct {
		winners                map[wanted.HostOf]string
		outside, inside        hostState
		before                 func(*netv1alpha1.IngressStatus)
		unknown                bool
		configured, balancer   string
		public, private, about string
	}{
		"served": {
			winners: map[wanted.HostOf]string{outside: "public", inside: "local"}, outside: served, inside: served,
			configured: "True", balancer: "True", public: "1.2.3.4", private: "slb-local",
		},
		"no listener for the cluster's own": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: served, configured: "True", balancer: "True", public: "1.2.3.4",
		},
		"no SLBIngress for the external": {
			winners: map[wanted.HostOf]string{inside: "local"}, inside: served, configured: "False", balancer: "Unknown", about: "no SLBIngress serves it",
		},
		"left out": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: hostState{generation: 3, leftOut: "quota"}, configured: "False", balancer: "Unknown", about: "quota",
		},
		"waits": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: hostState{generation: 3, waiting: "no Pod"}, configured: "True", balancer: "Unknown",
		},
		"another generation": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: hostState{generation: 2}, unknown: true,
		},
		"not looked at": {winners: map[wanted.HostOf]string{outside: "third"}, unknown: true},
		"unknown, and was Ready": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: hostState{generation: 3, waiting: "x", unknown: true}, unknown: true,
			before: func(s *netv1alpha1.IngressStatus) {
				s.InitializeConditions()
				s.MarkNetworkConfigured()
				s.MarkLoadBalancerReady(nil, nil)
				s.ObservedGeneration = 3
			},
		},
		"unknown, and was not": {
			winners: map[wanted.HostOf]string{outside: "public"}, outside: hostState{generation: 3, waiting: "x", unknown: true}, configured: "True", balancer: "Unknown",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := &netv1alpha1.Ingress{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hello", Generation: 3},
				Spec: netv1alpha1.IngressSpec{Rules: []netv1alpha1.IngressRule{
					{Hosts: []string{"Hello.example.com"}, Visibility: netv1alpha1.IngressVisibilityExternalIP},
					{Hosts: []string{"hello.shop"}, Visibility: netv1alpha1.IngressVisibilityClusterLocal},
				}},
			}
			if c.before != nil {
				c.before(&i.Status)
			}
			states := map[string]memory{
				"public": {hosts: map[wanted.HostOf]hostState{outside: c.outside}, public: netv1alpha1.LoadBalancerIngressStatus{IP: "1.2.3.4"}},
				"local":  {hosts: map[wanted.HostOf]hostState{inside: c.inside}, local: netv1alpha1.LoadBalancerIngressStatus{DomainInternal: "slb-local"}},
			}
			got, known := ingressStatus(i, c.winners, states)
			if known == c.unknown {
				t.Fatalf("known is %v", known)
			}
			if c.unknown {
				return
			}
			configured, balancer := got.GetCondition(netv1alpha1.IngressConditionNetworkConfigured), got.GetCondition(netv1alpha1.IngressConditionLoadBalancerReady)
			if string(configured.Status) != c.configured || string(balancer.Status) != c.balancer || got.ObservedGeneration != 3 || !strings.Contains(configured.Message, c.about) {
				t.Errorf("got %v and %v", configured, balancer)
			}
			if c.balancer == "True" && (len(got.PublicLoadBalancer.Ingress) != 1 || got.PublicLoadBalancer.Ingress[0].IP != c.public) {
				t.Errorf("public is %v", got.PublicLoadBalancer)
			}
			if c.private != "" && (len(got.PrivateLoadBalancer.Ingress) != 1 || got.PrivateLoadBalancer.Ingress[0].DomainInternal != c.private) {
				t.Errorf("private is %v", got.PrivateLoadBalancer)
			}
		})
	}
}

// Certificates that the cloud has are told, also where the cloud then failed; and hosts that ask for one that nobody may read.
func TestBindingStatusOfCertificates(t *testing.T) {
	t.Parallel()
	before := &v1alpha1.SLBIngress{Status: v1alpha1.SLBIngressStatus{Certificates: []v1alpha1.UploadedCertificate{{ID: "1", Secret: "shop/a"}}}}
	uploaded := slb.Result{Rules: []slb.RuleState{{Rule: "a", Ready: true}}, Certificates: []slb.Uploaded{{ID: "1"}, {ID: "2", Secret: "shop/a"}}}
	for name, c := range map[string]struct {
		result slb.Result
		failed error
		want   int
	}{
		"uploaded":             {uploaded, nil, 2},
		"uploaded, and failed": {uploaded, unreachable, 2},
		"not known":            {slb.Result{}, unreachable, 1},
		"gone":                 {slb.Result{}, nil, 0},
	} {
		if got := bindingStatus(before, planOf("a"), c.result, c.failed).Certificates; len(got) != c.want {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	unread := planOf("a")
	unread.Unread = 1
	if got := bindingStatus(before, unread, uploaded, nil).Conditions[0].Message; !strings.Contains(got, "slb.secrets") {
		t.Errorf("got %q", got)
	}
}

// TestBindingStatus is the truth table of an SLBIngress's condition.
func TestBindingStatus(t *testing.T) {
	t.Parallel()
	leaves, waits, claimed := planOf(), planOf("a"), planOf("a")
	leaves.Hosts[0].LeftOut = "no HTTPS"
	waits.Hosts[0].Waiting = "no Pod"
	claimed.Conflicts = []wanted.Conflict{{HostOf: inside, Has: "older"}}
	served := slb.Result{Rules: []slb.RuleState{{Rule: "a", Ready: true}}, RuleCount: 1, GroupCount: 2, ServerCount: 3}
	split := served
	split.Splits = []slb.Split{{Host: "hello.example.com", Shares: []slb.Share{{Group: "shop/v1-private:http", Wanted: 70, Reached: 69.7}}}}
	for name, c := range map[string]struct {
		plan           wanted.Plan
		result         slb.Result
		failed         error
		status, reason string
		leftOut        string
	}{
		"served":           {planOf("a"), split, nil, "True", "Served", ""},
		"waits":            {waits, served, nil, "Unknown", "Waiting", ""},
		"left out":         {leaves, slb.Result{}, nil, "False", "HostsLeftOut", "hello.example.com"},
		"claimed twice":    {claimed, served, nil, "False", "HostsClaimedTwice", "hello.shop"},
		"gone":             {planOf("a"), slb.Result{}, gone, "False", "LoadBalancerGone", ""},
		"no right":         {planOf("a"), slb.Result{}, &cloud.Error{Kind: cloud.Forbidden}, "False", "Forbidden", ""},
		"another error":    {planOf("a"), slb.Result{}, errors.New("x"), "False", "Failed", ""},
		"a part is served": {planOf("a"), served, unreachable, "False", "CloudUnavailable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := bindingStatus(&v1alpha1.SLBIngress{ObjectMeta: metav1.ObjectMeta{Generation: 5}}, c.plan, c.result, c.failed)
			ready := got.Conditions[0]
			if string(ready.Status) != c.status || ready.Reason != c.reason || ready.ObservedGeneration != 5 || got.ObservedGeneration != 5 {
				t.Errorf("got %+v", ready)
			}
			if left := len(got.LeftOut) == 1 && got.LeftOut[0].Host == c.leftOut; left != (c.leftOut != "") {
				t.Errorf("left out are %v", got.LeftOut)
			}
			if name == "served" && (got.Hosts != 1 || got.Servers != 3 || got.Splits[0].Shares[0] != "v1 70.00→69.70") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
