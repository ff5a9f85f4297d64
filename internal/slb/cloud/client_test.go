package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// group is what a server group is made with.
type group struct {
	Name   string `json:"ServerGroupName"`
	Type   string `json:"ServerGroupType"`
	VPC    string `json:"VpcId"`
	Health struct {
		Enabled bool `json:"HealthCheckEnabled" send:"always"`
	} `json:"HealthCheckConfig"`
	Tags []cloud.Tag `json:"Tag"`
}

func newGroup(name string) group { return group{Name: name, Type: "Ip", VPC: slbsim.FirstVPC} }

func create(ctx context.Context, c *cloud.Client, name string) (string, error) {
	var made struct {
		ID string `json:"ServerGroupId"`
	}
	err := c.Call(ctx, cloud.ALB, "CreateServerGroup", newGroup(name), &made)
	return made.ID, err
}

func zones(ctx context.Context, c *cloud.Client) error {
	return c.Call(ctx, cloud.ALB, "DescribeZones", nil, nil)
}

// Many goroutines may call at once; the race detector has its eye on this one.
func TestConcurrentCalls(t *testing.T) {
	b := slbtest.New(t, slbsim.Options{})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, err := create(t.Context(), b.Client, fmt.Sprintf("group-%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(b.Resources()); n != 50 {
		t.Fatalf("%d groups, want 50", n)
	}
}

// A reply is lost and the API throttles and fails: there is one group in the end.
func TestLostReplyMakesNoSecond(t *testing.T) {
	b := slbtest.New(t, slbsim.Options{})
	b.Faults.Set(
		wire.Fault{Times: 2, Effect: wire.Effect{LoseReply: true}},
		wire.Fault{Times: 3, Effect: wire.Effect{Throttle: true}},
		wire.Fault{Times: 1, Effect: wire.Effect{Error: &wire.Error{Status: 503, Code: "ServiceUnavailable", Message: "no"}}},
	)
	id, err := create(t.Context(), b.Client, "one")
	if left := b.Resources(); err != nil || len(left) != 1 || left[0].ID != id {
		t.Fatalf("got %q and %v, and there are %+v", id, err, left)
	}
}

// What takes no token and cannot be done twice is not done twice: whoever called must look.
func TestLostReplyOfWhatCannotBeSentTwice(t *testing.T) {
	b := slbtest.New(t, slbsim.Options{})
	lb := b.CLB("eni-net")
	name := struct {
		LB   string `json:"LoadBalancerId"`
		Name string `json:"VServerGroupName"`
	}{lb, "one"}
	b.Faults.Set(wire.Fault{Action: "CreateVServerGroup", Times: 1, Effect: wire.Effect{LoseReply: true}})
	if err := b.Client.Call(t.Context(), cloud.CLB, "CreateVServerGroup", name, nil); cloud.KindOf(err) != cloud.Lost {
		t.Fatalf("got %v", err)
	}
	if n := b.Record.Count()["slb:CreateVServerGroup"]; n != 1 {
		t.Fatalf("it was sent %d times", n)
	}
}

// With Once it is there once.
func TestOnce(t *testing.T) {
	b := slbtest.New(t, slbsim.Options{})
	lb := b.CLB("eni-net")
	b.Faults.Set(wire.Fault{Action: "CreateVServerGroup", Times: 1, Effect: wire.Effect{LoseReply: true}})
	create := func(ctx context.Context) (string, error) {
		var made struct {
			ID string `json:"VServerGroupId"`
		}
		err := b.Client.Call(ctx, cloud.CLB, "CreateVServerGroup", struct {
			LB   string `json:"LoadBalancerId"`
			Name string `json:"VServerGroupName"`
		}{lb, "one"}, &made)
		return made.ID, err
	}
	find := func(ctx context.Context) (string, error) {
		var list struct {
			Groups struct {
				All []struct {
					ID   string `json:"VServerGroupId"`
					Name string `json:"VServerGroupName"`
				} `json:"VServerGroup"`
			} `json:"VServerGroups"`
		}
		err := b.Client.Call(ctx, cloud.CLB, "DescribeVServerGroups", struct {
			LB string `json:"LoadBalancerId"`
		}{lb}, &list)
		for _, g := range list.Groups.All {
			if g.Name == "one" {
				return g.ID, err
			}
		}
		return "", err
	}
	id, err := cloud.Once(t.Context(), find, create)
	if n := b.Record.Count()["slb:CreateVServerGroup"]; err != nil || id == "" || n != 1 {
		t.Fatalf("got %q, %v after %d calls", id, err, n)
	}
}

func TestKindsOfErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault *wire.Error
		kind  cloud.Kind
		tries bool // it is tried again
		says  string
	}{
		"gone":      {wire.NotFound("ResourceNotFound.Listener", "The specified resource lsn-1 is not found."), cloud.Gone, false, "lsn-1"},
		"quota":     {wire.Refuse("QuotaExceeded.Rules", "The quota of alb_quota_loadbalancer_rules_num is exceeded, usage 100/100."), cloud.Quota, false, "Quota Center"},
		"forbidden": {&wire.Error{Status: 403, Code: "Forbidden.RAM", Message: "User not authorized"}, cloud.Forbidden, false, "alb:CreateServerGroup"},
		"no role":   {&wire.Error{Status: 403, Code: "NoPermission", Message: "no"}, cloud.Forbidden, false, "RAM policy"},
		"expired":   {wire.Refuse("InvalidSecurityToken.Expired", "Specified SecurityToken is expired."), cloud.Credentials, false, "credentials"},
		"taken":     {wire.Refuse("Conflict.Priority", "There is already rule"), cloud.Conflict, false, ""},
		"wrong":     {wire.Refuse("IllegalParam.ServerGroupName", "The param is illegal."), cloud.Other, false, ""},
		"busy":      {wire.Refuse("IncorrectStatus.Listener", "The status is incorrect."), cloud.Conflict, true, "tries"},
		"throttled": {wire.Refuse("Throttling.User", "Request was denied"), cloud.Throttled, true, "too often"},
		"down":      {&wire.Error{Status: 500, Code: "InternalError", Message: "no"}, cloud.Unavailable, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := slbtest.New(t, slbsim.Options{})
			set := b.Settings()
			set.Patience = 50 * time.Millisecond
			c := b.Connect(set)
			b.Faults.Set(wire.Fault{Effect: wire.Effect{Error: test.fault}})
			_, err := create(t.Context(), c, "one")
			if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Kind != test.kind || !strings.Contains(err.Error(), test.says) || (e.Tries > 1) != test.tries {
				t.Fatalf("got kind %v of %v", cloud.KindOf(err), err)
			}
			if e, _ := errors.AsType[*cloud.Error](err); test.kind == cloud.Quota && e.Quota != "alb_quota_loadbalancer_rules_num" {
				t.Fatalf("the quota is %q", e.Quota)
			}
		})
	}
}

// A context that ends, ends a call that waits for its answer and one that waits to be tried again.
func TestCancel(t *testing.T) {
	for name, effect := range map[string]wire.Effect{
		"while it is answered": {Latency: 2 * time.Second},
		"between two tries":    {Throttle: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := slbtest.New(t, slbsim.Options{})
			b.Faults.Set(wire.Fault{Effect: effect})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := zones(ctx, b.Client)
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
				t.Fatalf("after %v: %v", took, err)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	b := slbtest.New(t, slbsim.Options{})
	set := b.Settings()
	set.Budget.Describe = cloud.Rate{PerSecond: 20, Burst: 2}
	c := b.Connect(set)
	start := time.Now()
	for range 6 {
		if err := zones(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 190*time.Millisecond {
		t.Fatalf("6 calls at 20 a second and a burst of 2 took %v", took)
	}
}

// A Code that is no string makes the SDK panic; here it is an error like others.
func TestCodeThatIsNoString(t *testing.T) {
	c := answering(t, 400, `{"Code": 42, "Message": "odd"}`)
	err := zones(t.Context(), c)
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Code != "42" {
		t.Fatalf("got %v", err)
	}
}
