package v1alpha1

import (
	"slices"
	"strings"
	"testing"
)

func TestSLBIngressValidate(t *testing.T) {
	alb := func(change func(*SLBIngressSpec)) SLBIngressSpec {
		s := SLBIngressSpec{
			LoadBalancerType: ALB, LoadBalancerID: "alb-1",
			Listeners:  []SLBListener{{ID: "lsn-1", Port: 80, Protocol: "HTTP"}, {ID: "lsn-2", Port: 443, Protocol: "HTTPS", Visibility: "ClusterLocal"}},
			Namespaces: []string{"shop"}, Hosts: []string{"shop.example.com", "*.example.com"}, Priorities: &PriorityRange{From: 100, To: 100},
		}
		change(&s)
		return s
	}
	for name, tc := range map[string]struct {
		spec SLBIngressSpec
		at   string // what is refused; empty: nothing
	}{
		"well":               {alb(func(*SLBIngressSpec) {}), ""},
		"CLB":                {alb(func(s *SLBIngressSpec) { s.LoadBalancerType, s.Priorities, s.Listeners[0].ID = CLB, nil, "" }), ""},
		"no type":            {alb(func(s *SLBIngressSpec) { s.LoadBalancerType = "" }), "spec.loadBalancerType"},
		"no load balancer":   {alb(func(s *SLBIngressSpec) { s.LoadBalancerID = "" }), "spec.loadBalancerID"},
		"no listener":        {alb(func(s *SLBIngressSpec) { s.Listeners = nil }), "spec.listeners"},
		"too many listeners": {alb(func(s *SLBIngressSpec) { s.Listeners = slices.Repeat(s.Listeners[:1], 9) }), "spec.listeners"},
		"port twice":         {alb(func(s *SLBIngressSpec) { s.Listeners[1].Port = 80 }), "spec.listeners[1].port"},
		"port 0":             {alb(func(s *SLBIngressSpec) { s.Listeners[0].Port = 0 }), "spec.listeners[0].port"},
		"port too large":     {alb(func(s *SLBIngressSpec) { s.Listeners[0].Port = 65536 }), "spec.listeners[0].port"},
		"protocol":           {alb(func(s *SLBIngressSpec) { s.Listeners[0].Protocol = "http" }), "spec.listeners[0].protocol"},
		"visibility":         {alb(func(s *SLBIngressSpec) { s.Listeners[0].Visibility = "Private" }), "spec.listeners[0].visibility"},
		"ALB listener's ID":  {alb(func(s *SLBIngressSpec) { s.Listeners[0].ID = "" }), "spec.listeners[0].id"},
		"namespace":          {alb(func(s *SLBIngressSpec) { s.Namespaces = []string{"Shop"} }), "spec.namespaces[0]"},
		"namespace twice":    {alb(func(s *SLBIngressSpec) { s.Namespaces = []string{"shop", "shop"} }), "spec.namespaces[1]"},
		"host":               {alb(func(s *SLBIngressSpec) { s.Hosts = []string{"shop_example"} }), "spec.hosts[0]"},
		"host with port":     {alb(func(s *SLBIngressSpec) { s.Hosts = []string{"shop.example.com:80"} }), "spec.hosts[0]"},
		"star inside":        {alb(func(s *SLBIngressSpec) { s.Hosts = []string{"a.*.example.com"} }), "spec.hosts[0]"},
		"star alone":         {alb(func(s *SLBIngressSpec) { s.Hosts = []string{"*"} }), "spec.hosts[0]"},
		"host twice":         {alb(func(s *SLBIngressSpec) { s.Hosts = []string{"a.b", "a.b"} }), "spec.hosts[1]"},
		"priority 0":         {alb(func(s *SLBIngressSpec) { s.Priorities.From = 0 }), "spec.priorities.from"},
		"priority too large": {alb(func(s *SLBIngressSpec) { s.Priorities.To = 10001 }), "spec.priorities.to"},
		"no priority":        {alb(func(s *SLBIngressSpec) { s.Priorities.From = 101 }), "spec.priorities.to"},
		"CLB has none":       {alb(func(s *SLBIngressSpec) { s.LoadBalancerType = CLB }), "spec.priorities"},
	} {
		t.Run(name, func(t *testing.T) {
			var at []string
			for _, e := range tc.spec.Validate() {
				at = append(at, e.Field)
			}
			if got := strings.Join(slices.Compact(at), " "); !strings.HasPrefix(got, tc.at) || tc.at == "" && got != "" {
				t.Errorf("refused at %q, want %q", got, tc.at)
			}
		})
	}
}
