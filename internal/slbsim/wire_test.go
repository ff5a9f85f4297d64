package slbsim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

func TestRefusedBeforeTheAction(t *testing.T) {
	zones := func(b *bed, id, secret, token string) error {
		c := &alb.Client{}
		b.connect(&c.Client, id, secret, token)
		_, err := c.DescribeZones(alb.CreateDescribeZonesRequest())
		return err
	}
	now := time.Now()
	keys := []wire.Key{
		{ID: "sim", Secret: "sim"},
		{ID: "lent", Secret: "s", Token: "t", Expires: now.Add(time.Hour)},
		{ID: "over", Secret: "s", Token: "t", Expires: now.Add(-time.Hour)},
		{ID: "poor", Secret: "s", Deny: []string{"alb:Describe*"}},
	}
	for name, test := range map[string]struct {
		id, secret, token string
		clock             time.Time
		code              string
	}{
		"fine":                    {"sim", "sim", "", now, ""},
		"unknown key":             {"who", "sim", "", now, "InvalidAccessKeyId.NotFound"},
		"wrong secret":            {"sim", "mis", "", now, "SignatureDoesNotMatch"},
		"clock 14 minutes off":    {"sim", "sim", "", now.Add(14 * time.Minute), ""},
		"clock 16 minutes fast":   {"sim", "sim", "", now.Add(-16 * time.Minute), "InvalidTimeStamp.Expired"},
		"clock 16 minutes behind": {"sim", "sim", "", now.Add(16 * time.Minute), "InvalidTimeStamp.Expired"},
		"lent key":                {"lent", "s", "t", now, ""},
		"lent key without token":  {"lent", "s", "", now, "InvalidAccessKeyId.NotFound"},
		"lent key, other token":   {"lent", "s", "u", now, "InvalidSecurityToken.MismatchWithAccessKey"},
		"expired":                 {"over", "s", "t", now, "InvalidSecurityToken.Expired"},
		"no right":                {"poor", "s", "", now, "Forbidden.RAM"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, Options{Keys: keys, Clock: clocktesting.NewFakeClock(test.clock)})
			refused(t, zones(b, test.id, test.secret, test.token), test.code)
		})
	}
}

// A request that went over the wire already is refused when it comes again.
func TestReplay(t *testing.T) {
	b := newBed(t, Options{})
	var seen *url.URL
	b.alb.SetTransport(transport(func(r *http.Request) (*http.Response, error) {
		seen = r.URL
		return http.DefaultTransport.RoundTrip(r)
	}))
	_, err := b.alb.DescribeZones(alb.CreateDescribeZonesRequest())
	ok(t, 0, err)
	resp, err := http.Post(seen.String(), "application/x-www-form-urlencoded", http.NoBody)
	defer ok(t, resp, err).Body.Close()
	entries := b.Record.Entries()
	if last := entries[len(entries)-1]; last.Code != "SignatureNonceUsed" || resp.StatusCode != http.StatusBadRequest {
		t.Fatalf("got %+v", last)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUnknown(t *testing.T) {
	b := newBed(t, Options{})
	common := func(version, action string, params ...string) error {
		r := requests.NewCommonRequest()
		r.Product, r.Version, r.ApiName, r.Domain = "Alb", version, action, strings.TrimPrefix(b.url, "http://")
		for i := 0; i < len(params); i += 2 {
			r.QueryParams[params[i]] = params[i+1]
		}
		_, err := b.alb.ProcessCommonRequest(r)
		return err
	}
	refused(t, common("2020-06-16", "DescribeZones"), "")
	refused(t, common("2020-06-16", "MakeCoffee"), "InvalidAction.NotFound")
	refused(t, common("1999-01-01", "DescribeZones"), "InvalidVersion")
	refused(t, common("2020-06-16", "DescribeZones", "Sugar", "2"), "IllegalParam.Sugar")
	refused(t, common("2020-06-16", "ListRules", "MaxResults", "101"), "IllegalParam.MaxResults")
	refused(t, common("2020-06-16", "ListRules", "RuleIds.2", "x"), "IllegalParam.RuleIds.2")
	refused(t, common("2020-06-16", "GetListenerAttribute"), "MissingParam.ListenerId")
	refused(t, common("2020-06-16", "ListRules", "ClientToken", "x"), "IllegalParam.ClientToken")
}

func TestClientToken(t *testing.T) {
	b := newBed(t, Options{})
	create := func(name, token string) (string, error) {
		r := alb.CreateCreateServerGroupRequest()
		r.ServerGroupName, r.ServerGroupType, r.VpcId, r.ClientToken = name, "Ip", FirstVPC, token
		r.HealthCheckConfig.HealthCheckEnabled = "false"
		answer, err := b.alb.CreateServerGroup(r)
		if err != nil {
			return "", err
		}
		return answer.ServerGroupId, nil
	}
	first, err := create("one", "token")
	ok(t, 0, err)
	again, err := create("one", "token")
	if ok(t, 0, err); again != first {
		t.Fatalf("the same token gave %s, then %s", first, again)
	}
	_, err = create("other", "token")
	refused(t, err, "IdempotentParameterMismatch")
	other, err := create("one", "another")
	if ok(t, 0, err); other == first {
		t.Fatal("another token gave the same group")
	}

	// The reply is lost after it was done; the retry must not do it again.
	b.Faults.Set(wire.Fault{Action: "CreateServerGroup", Times: 1, Effect: wire.Effect{LoseReply: true}})
	if _, err := create("lost", "lost"); err == nil {
		t.Fatal("no reply was lost")
	}
	_, err = create("lost", "lost")
	ok(t, 0, err)
	if n := len(b.Resources()); n != 3 {
		t.Fatalf("%d groups, want 3: %+v", n, b.Resources())
	}
}

// While a call is under way, a retry of it is told to wait.
func TestClientTokenUnderWay(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	b := newBed(t, Options{Clock: clock})
	b.Faults.Set(wire.Fault{Times: 1, Effect: wire.Effect{Latency: 5 * time.Second}})
	create := func(c *alb.Client) error {
		r := alb.CreateCreateServerGroupRequest()
		r.ServerGroupName, r.ServerGroupType, r.VpcId, r.ClientToken = "one", "Ip", FirstVPC, "token"
		r.HealthCheckConfig.HealthCheckEnabled = "false"
		_, err := c.CreateServerGroup(r)
		return err
	}
	first := make(chan error)
	go func() { first <- create(b.alb) }()
	soon(t, "the first call waits", func() bool { return len(b.Faults.List()) == 0 && clock.HasWaiters() })
	other := &alb.Client{}
	b.connect(&other.Client, "sim", "sim", "")
	refused(t, create(other), "IdempotenceProcessing")
	clock.Step(5 * time.Second)
	ok(t, 0, <-first)
	refused(t, create(other), "")
	if n := len(b.Resources()); n != 1 {
		t.Fatalf("%d groups, want 1", n)
	}
}

func TestDryRun(t *testing.T) {
	b := newBed(t, Options{})
	r := alb.CreateCreateServerGroupRequest()
	r.ServerGroupName, r.ServerGroupType, r.VpcId, r.DryRun = "one", "Ip", FirstVPC, requests.NewBoolean(true)
	r.HealthCheckConfig.HealthCheckEnabled = "false"
	_, err := b.alb.CreateServerGroup(r)
	refused(t, err, "DryRunOperation")
	r.ServerGroupName = "1"
	_, err = b.alb.CreateServerGroup(r)
	refused(t, err, "IllegalParam.ServerGroupName")
	if left := b.Resources(); len(left) > 0 {
		t.Fatalf("a dry run made %+v", left)
	}
}

func TestFaults(t *testing.T) {
	b := newBed(t, Options{})
	zones := func() error {
		_, err := b.alb.DescribeZones(alb.CreateDescribeZonesRequest())
		return err
	}
	busy := wire.Refuse("SystemBusy", "busy")
	b.Faults.Set(
		wire.Fault{Product: "slb", Effect: wire.Effect{Throttle: true}},
		wire.Fault{Action: "Describe*", Times: 2, Effect: wire.Effect{Error: busy}},
	)
	refused(t, zones(), "SystemBusy")
	refused(t, zones(), "SystemBusy")
	refused(t, zones(), "")
	b.Faults.Set(wire.Fault{Rate: 0.3, Effect: wire.Effect{Throttle: true}})
	hits := 0
	for range 200 {
		if codeOf(zones()) == "Throttling.User" {
			hits++
		}
	}
	if hits < 40 || hits > 80 {
		t.Fatalf("a rate of 0.3 hit %d of 200", hits)
	}
}

func TestRateLimit(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	b := newBed(t, Options{Clock: clock, Read: &wire.Limit{PerSecond: 1, Burst: 2}})
	zones := func() error {
		_, err := b.alb.DescribeZones(alb.CreateDescribeZonesRequest())
		return err
	}
	refused(t, zones(), "")
	refused(t, zones(), "")
	refused(t, zones(), "Throttling.User")
	_, err := b.alb.DescribeRegions(alb.CreateDescribeRegionsRequest())
	ok(t, 0, err) // each action has a limit of its own
	clock.Step(time.Second)
	refused(t, zones(), "")
}
