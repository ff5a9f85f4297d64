package slbsim

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
)

// Under load, weights shift and servers come and go in the right order: added before they are used, drained before they go.
// No request may fail.
func TestNoRequestFailsWhileServersChange(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	drain := func(r *alb.CreateServerGroupRequest) {
		r.ConnectionDrainConfig.ConnectionDrainEnabled, r.ConnectionDrainConfig.ConnectionDrainTimeout = "true", "900"
	}
	blue, green := backend(t, "blue"), backend(t, "green")
	one, two := b.groupOf("one", "HTTP", drain, blue), b.groupOf("two", "HTTP", drain, green)
	listener := b.listener(lb, one, 80)
	ids := b.mustRules(listener, when(1, []condition{onPath("/*")}, forward(one+"=100", two+"=0")))
	url := "http://" + b.Endpoint(lb, 80) + "/"

	var stop atomic.Bool
	var done, failed atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			for !stop.Load() {
				resp, err := client.Get(url)
				if err != nil || resp.StatusCode != http.StatusOK {
					failed.Add(1)
				}
				if err == nil {
					resp.Body.Close()
				}
				done.Add(1)
			}
		})
	}
	for round := range 10 {
		b.shift(ids[0], fmt.Sprintf("%s=%d", one, 90-10*round), fmt.Sprintf("%s=%d", two, 10+10*round))
		fresh := backend(t, "fresh")
		b.replace(two, fresh, green)
		green = fresh
	}
	stop.Store(true)
	all.Wait()
	if failed.Load() > 0 || done.Load() == 0 {
		t.Fatalf("%d of %d requests failed", failed.Load(), done.Load())
	}
}

// shift changes the targets of a rule.
func (b *bed) shift(rule string, targets ...string) {
	b.t.Helper()
	var tuples []alb.UpdateRulesAttributeRulesRuleActionsItemForwardGroupConfigServerGroupTuplesItem
	for _, target := range targets {
		id, weight, _ := strings.Cut(target, "=")
		tuples = append(tuples, alb.UpdateRulesAttributeRulesRuleActionsItemForwardGroupConfigServerGroupTuplesItem{ServerGroupId: id, Weight: weight})
	}
	r := alb.CreateUpdateRulesAttributeRequest()
	r.Rules = &[]alb.UpdateRulesAttributeRules{{RuleId: rule, RuleActions: &[]alb.UpdateRulesAttributeRulesRuleActionsItem{{
		Type: "ForwardGroup", Order: "1",
		ForwardGroupConfig: alb.UpdateRulesAttributeRulesRuleActionsItemForwardGroupConfig{ServerGroupTuples: &tuples},
	}}}}
	_, err := b.alb.UpdateRulesAttribute(r)
	ok(b.t, 0, err)
}

// replace puts one Ip server of a group in another's place.
func (b *bed) replace(group, fresh, old string) {
	b.t.Helper()
	r := alb.CreateReplaceServersInServerGroupRequest()
	r.ServerGroupId = group
	host, port, _ := net.SplitHostPort(old)
	r.RemovedServers = &[]alb.ReplaceServersInServerGroupRemovedServers{{ServerType: "Ip", ServerId: host, Port: port}}
	host, port, _ = net.SplitHostPort(fresh)
	r.AddedServers = &[]alb.ReplaceServersInServerGroupAddedServers{{ServerType: "Ip", ServerId: host, Port: port, Weight: "100"}}
	_, err := b.alb.ReplaceServersInServerGroup(r)
	ok(b.t, 0, err)
}
