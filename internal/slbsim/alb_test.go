package slbsim

import (
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
)

// The whole life of an instance, from nothing to nothing.
func TestALBLife(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	old, canary := b.group("old", backend(t, "old")), b.group("canary", backend(t, "canary"))
	listener := b.listener(lb, old, 80)
	ids := ok(t, b.mustRules(listener, when(10, []condition{onHost("hello.example.com"), onPath("/new*")}, insert("1", "Knative-Serving-Revision", "canary"), forward(canary))), nil)

	_, name, _ := b.get(lb, 80, "hello.example.com", "/")
	_, other, body := b.get(lb, 80, "hello.example.com", "/news?x=1")
	if name != "old" || other != "canary" || !strings.Contains(body, "Knative-Serving-Revision: canary") || !strings.Contains(body, "GET hello.example.com /news?x=1") {
		t.Fatalf("got %q and %q with\n%s", name, other, body)
	}

	get := alb.CreateGetLoadBalancerAttributeRequest()
	get.LoadBalancerId = lb
	answer, err := b.alb.GetLoadBalancerAttribute(get)
	if ok(t, answer, err); answer.LoadBalancerStatus != "Active" || len(answer.ZoneMappings) != 2 || answer.DNSName == "" {
		t.Fatalf("load balancer: %+v", answer)
	}
	list := alb.CreateListRulesRequest()
	list.ListenerIds = &[]string{listener}
	rules, err := b.alb.ListRules(list)
	if ok(t, rules, err); len(rules.Rules) != 1 || rules.Rules[0].RuleStatus != "Available" || rules.Rules[0].RuleId != ids[0] ||
		rules.Rules[0].RuleActions[1].ForwardGroupConfig.ServerGroupTuples[0].ServerGroupId != canary {
		t.Fatalf("rules: %+v", rules.Rules)
	}

	del := alb.CreateDeleteServerGroupRequest()
	del.ServerGroupId = canary
	_, err = b.alb.DeleteServerGroup(del)
	refused(t, err, "ResourceInUse.ServerGroup")
	dr := alb.CreateDeleteRulesRequest()
	dr.RuleIds = &ids
	_, err = b.alb.DeleteRules(dr)
	ok(t, 0, err)
	_, err = b.alb.DeleteServerGroup(del)
	ok(t, 0, err)
	if _, name, _ := b.get(lb, 80, "hello.example.com", "/news"); name != "old" {
		t.Fatalf("after the rule is gone: %q", name)
	}

	dlb := alb.CreateDeleteLoadBalancerRequest()
	dlb.LoadBalancerId = lb
	_, err = b.alb.DeleteLoadBalancer(dlb)
	refused(t, err, "ResourceInUse.LoadBalancer")
	dl := alb.CreateDeleteListenerRequest()
	dl.ListenerId = listener
	_, err = b.alb.DeleteListener(dl)
	ok(t, 0, err)
	_, err = b.alb.DeleteLoadBalancer(dlb)
	ok(t, 0, err)
	_, err = b.alb.GetLoadBalancerAttribute(get)
	refused(t, err, "ResourceNotFound.LoadBalancer")
}

func (b *bed) mustRules(listener string, rules ...rule) []string {
	b.t.Helper()
	ids, err := b.rules(listener, rules...)
	return ok(b.t, ids, err)
}
