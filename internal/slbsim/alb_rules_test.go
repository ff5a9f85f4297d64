package slbsim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
)

func redirectTo(config alb.CreateRulesRulesRuleActionsItemRedirectConfig) action {
	return action{Type: "Redirect", Order: "100", RedirectConfig: config}
}

func TestRulesRefused(t *testing.T) {
	b := newBed(t, Options{})
	lb, group := b.balancer("Basic"), b.group("group")
	grpc := b.groupOf("grpc", "gRPC", func(*alb.CreateServerGroupRequest) {})
	listener := b.listener(lb, group, 80)
	b.mustRules(listener, when(10, []condition{onHost("a.example.com")}, forward(group)))
	host := []condition{onHost("b.example.com")}
	hosts := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("h%d.example.com", i))
		}
		return list
	}
	for name, test := range map[string]struct {
		rule rule
		code string
	}{
		"priority taken":          {when(10, host, forward(group)), "Conflict.Priority"},
		"priority too high":       {when(10001, host, forward(group)), "IllegalParam.Rules.1.Priority"},
		"no such group":           {when(11, host, forward("sgp-none")), "ResourceNotFound.ServerGroup"},
		"gRPC over HTTP":          {when(11, host, forward(grpc)), "Mismatch.Protocol"},
		"two groups, no weights":  {when(11, host, forward(group, grpc)), "MissingParam.Rules.1.RuleActions.1.ForwardGroupConfig.ServerGroupTuples.1.Weight"},
		"weight above 100":        {when(11, host, forward(group+"=101")), "IllegalParam.Rules.1.RuleActions.1.ForwardGroupConfig.ServerGroupTuples.1.Weight"},
		"one group twice":         {when(11, host, forward(group+"=1", group+"=2")), "DuplicatedParam.ServerGroupId"},
		"no final action":         {when(11, host, insert("1", "A", "b")), "IllegalParam.Rules.1.RuleActions"},
		"final action not last":   {when(11, host, forward(group), insert("101", "A", "b")), "IllegalParam.Rules.1.RuleActions"},
		"one order twice":         {when(11, host, insert("1", "A", "b"), insert("1", "B", "b"), forward(group)), "DuplicatedParam.Order"},
		"reserved header":         {when(11, host, insert("1", "Host", "b"), forward(group)), "IllegalParam.Rules.1.RuleActions.1.InsertHeaderConfig.Key"},
		"one condition twice":     {when(11, []condition{onHost("b.example.com"), onHost("c.example.com")}, forward(group)), "DuplicatedParam.Type"},
		"host header":             {when(11, []condition{onHeader("Host", "b")}, forward(group)), "IllegalParam.Rules.1.RuleConditions.1.HeaderConfig.Key"},
		"path without slash":      {when(11, []condition{onPath("new")}, forward(group)), "IllegalParam.Rules.1.RuleConditions.1.PathConfig.Values.1"},
		"condition without value": {when(11, []condition{{Type: "Host"}}, forward(group)), "MissingParam.Rules.1.RuleConditions.1.HostConfig"},
		"six values on Basic":     {when(11, []condition{onHost(hosts(6)...)}, forward(group)), "QuotaExceeded.RuleConditions"},
		"four actions on Basic":   {when(11, host, insert("1", "A", "b"), insert("2", "B", "b"), insert("3", "C", "b"), forward(group)), "QuotaExceeded.RuleActions"},
		"redirect to itself":      {when(11, host, redirectTo(alb.CreateRulesRulesRuleActionsItemRedirectConfig{HttpCode: "302"})), "IllegalParam.Rules.1.RuleActions.1.RedirectConfig"},
		"no name":                 {rule{Priority: "11", RuleConditions: &host, RuleActions: &[]action{forward(group)}}, "MissingParam.Rules.1.RuleName"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.rules(listener, test.rule)
			refused(t, err, test.code)
		})
	}
}

func TestRulesCarryOut(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	group := b.group("group", backend(t, "one"))
	listener := b.listener(lb, b.group("nobody"), 80)
	b.mustRules(listener,
		when(1, []condition{onHost("old.example.com")}, redirectTo(alb.CreateRulesRulesRuleActionsItemRedirectConfig{Protocol: "HTTPS", Port: "443"})),
		when(2, []condition{onHost("fixed.example.com")}, action{Type: "FixedResponse", Order: "1", FixedResponseConfig: alb.CreateRulesRulesRuleActionsItemFixedResponseConfig{HttpCode: "418", Content: "tea"}}),
		when(3, []condition{onHost("*.wild.example.com"), onPath("/exact", "/tree/*")}, forward(group)),
		when(4, []condition{onHost("head.example.com"), onHeader("Knative-Serving-Tag", "canary")}, forward(group)),
		when(5, []condition{onPath("~^/v[0-9]+/")},
			action{Type: "Rewrite", Order: "1", RewriteConfig: alb.CreateRulesRulesRuleActionsItemRewriteConfig{Host: "in.example.com", Path: "/at${path}", Query: "q=1"}},
			action{Type: "RemoveHeader", Order: "2", RemoveHeaderConfig: alb.CreateRulesRulesRuleActionsItemRemoveHeaderConfig{Key: "Secret"}},
			action{Type: "InsertHeader", Order: "3", InsertHeaderConfig: alb.CreateRulesRulesRuleActionsItemInsertHeaderConfig{Key: "From", Value: "SLBId", ValueType: "SystemDefined"}},
			action{Type: "InsertHeader", Order: "4", InsertHeaderConfig: alb.CreateRulesRulesRuleActionsItemInsertHeaderConfig{Key: "Copy", Value: "Accept", ValueType: "ReferenceHeader"}},
			forward(group)),
	)
	for name, test := range map[string]struct {
		host, path string
		header     []string
		status     int
		body       []string
	}{
		"redirect":           {"old.example.com", "/a?b=c", nil, 301, []string{"https://old.example.com/a?b=c"}},
		"fixed":              {"fixed.example.com", "/", nil, 418, []string{"tea"}},
		"wildcard host":      {"a.wild.example.com", "/exact", nil, 200, []string{"GET a.wild.example.com /exact"}},
		"host in capitals":   {"A.WILD.example.com", "/exact", nil, 200, nil},
		"not a prefix":       {"a.wild.example.com", "/exactly", nil, 503, nil},
		"tree":               {"a.wild.example.com", "/tree/leaf", nil, 200, nil},
		"case of a path":     {"a.wild.example.com", "/EXACT", nil, 503, nil},
		"header":             {"head.example.com", "/", []string{"knative-serving-tag", "canary"}, 200, nil},
		"another header":     {"head.example.com", "/", []string{"knative-serving-tag", "stable"}, 503, nil},
		"without header":     {"head.example.com", "/", nil, 503, nil},
		"rewrite and edits":  {"any.example.com", "/v2/x?y", []string{"Secret", "s", "Accept", "text/odd"}, 200, []string{"GET in.example.com /at/v2/x?q=1", "From: " + lb, "Copy: text/odd", "X-Forwarded-For: 127.0.0.1"}},
		"no rule, no server": {"any.example.com", "/", nil, 503, nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, body := b.get(lb, 80, test.host, test.path, test.header...)
			if status != test.status || strings.Contains(body, "Secret") {
				t.Fatalf("answered %d:\n%s", status, body)
			}
			for _, part := range test.body {
				if !strings.Contains(body, part) {
					t.Fatalf("no %q in\n%s", part, body)
				}
			}
		})
	}
}

// Weights are kept to the request, and an update of them counts at once.
func TestSplit(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	one, two := b.group("one", backend(t, "one"), backend(t, "one")), b.group("two", backend(t, "two"))
	listener := b.listener(lb, one, 80)
	ids := b.mustRules(listener, when(1, []condition{onHost("a.example.com")}, forward(one+"=70", two+"=30")))
	count := func() map[string]int {
		got := map[string]int{}
		for range 200 {
			_, name, _ := b.get(lb, 80, "a.example.com", "/")
			got[name]++
		}
		return got
	}
	if got := count(); got["one"] != 140 || got["two"] != 60 {
		t.Fatalf("70/30 gave %v", got)
	}
	b.shift(ids[0], one+"=0", two+"=100")
	if got := count(); got["two"] != 200 {
		t.Fatalf("0/100 gave %v", got)
	}
}

func TestQuotasAndPages(t *testing.T) {
	quotas := DefaultALB
	quotas.Standard.Rules, quotas.Standard.Servers = 5, 4
	b := newBed(t, Options{ALB: &quotas})
	lb := b.balancer("Standard")
	group := b.group("group", "127.0.0.1:1", "127.0.0.1:2")
	empty := b.group("empty")
	listener := b.listener(lb, group, 80)
	for i := range 5 {
		target := empty
		if i == 0 {
			target = group
		}
		b.mustRules(listener, when(i+1, []condition{onPath("/" + fmt.Sprint(i))}, forward(target)))
	}
	_, err := b.rules(listener, when(9, []condition{onPath("/9")}, forward(empty)))
	refused(t, err, "QuotaExceeded.Rules")

	// Two servers, used by the listener and one rule, are four.
	add := alb.CreateAddServersToServerGroupRequest()
	add.ServerGroupId = group
	add.Servers = &[]alb.AddServersToServerGroupServers{{ServerType: "Ip", ServerId: "127.0.0.1", Port: "3"}}
	_, err = b.alb.AddServersToServerGroup(add)
	refused(t, err, "QuotaExceeded.BackendServers")

	var seen []string
	list := alb.CreateListRulesRequest()
	list.MaxResults = requests.NewInteger(2)
	for {
		answer, err := b.alb.ListRules(list)
		ok(t, answer, err)
		if answer.TotalCount != 5 || len(answer.Rules) > 2 {
			t.Fatalf("page: %+v", answer)
		}
		for _, r := range answer.Rules {
			seen = append(seen, r.RuleName)
		}
		if list.NextToken = answer.NextToken; list.NextToken == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "rule-1 rule-2 rule-3 rule-4 rule-5" {
		t.Fatalf("pages gave %s", got)
	}
	list.NextToken = "nonsense"
	_, err = b.alb.ListRules(list)
	refused(t, err, "IllegalParam.NextToken")
}
