package slbsim

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// bed is an emulator behind HTTP, and Alibaba's own client of it.
type bed struct {
	*Sim
	t   *testing.T
	url string
	alb *alb.Client
}

// newBed makes an emulator whose jobs are done when they are answered and whose seconds are 10 ms, unless the options say otherwise.
func newBed(t *testing.T, o Options) *bed {
	t.Helper()
	def(&o.Jobs, -1)
	def(&o.Second, 10*time.Millisecond)
	def(&o.Read, &wire.Limit{})
	def(&o.Write, &wire.Limit{})
	s := New(o)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		s.Close()
	})
	b := &bed{Sim: s, t: t, url: server.URL, alb: &alb.Client{}}
	b.connect(&b.alb.Client, "sim", "sim", "")
	return b
}

// connect points a client of the SDK at the emulator.
func (b *bed) connect(c *sdk.Client, id, secret, token string) {
	b.t.Helper()
	config := sdk.NewConfig().WithScheme("HTTP").WithTimeout(10 * time.Second)
	if err := c.InitWithOptions("cn-hangzhou", config, credentials.NewStsTokenCredential(id, secret, token)); err != nil {
		b.t.Fatal(err)
	}
	c.Domain = strings.TrimPrefix(b.url, "http://")
}

// ok ends the test on an error.
func ok[T any](t *testing.T, answer T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// codeOf is the code of the server's refusal; empty for none.
func codeOf(err error) string {
	if refused, ok := errors.AsType[*sdkerrors.ServerError](err); ok {
		return refused.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// refused ends the test unless the error is a refusal with the code.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Fatalf("refused with %q (%v), want %q", got, err, code)
	}
}

func (b *bed) balancer(edition string) string {
	b.t.Helper()
	r := alb.CreateCreateLoadBalancerRequest()
	r.LoadBalancerName, r.LoadBalancerEdition, r.AddressType, r.VpcId = "test", edition, "Internet", FirstVPC
	r.LoadBalancerBillingConfig.PayType = "PostPay"
	r.ZoneMappings = &[]alb.CreateLoadBalancerZoneMappings{
		{ZoneId: "cn-hangzhou-a", VSwitchId: VSwitchA}, {ZoneId: "cn-hangzhou-b", VSwitchId: VSwitchB},
	}
	answer, err := b.alb.CreateLoadBalancer(r)
	return ok(b.t, answer, err).LoadBalancerId
}

func (b *bed) group(name string, servers ...string) string {
	b.t.Helper()
	return b.groupOf(name, "HTTP", func(*alb.CreateServerGroupRequest) {}, servers...)
}

// groupOf makes a group of Ip servers, each host:port or host:port=weight.
func (b *bed) groupOf(name, protocol string, with func(*alb.CreateServerGroupRequest), servers ...string) string {
	b.t.Helper()
	r := alb.CreateCreateServerGroupRequest()
	r.ServerGroupName, r.ServerGroupType, r.VpcId, r.Protocol = name, "Ip", FirstVPC, protocol
	r.HealthCheckConfig.HealthCheckEnabled = "false"
	with(r)
	answer, err := b.alb.CreateServerGroup(r)
	id := ok(b.t, answer, err).ServerGroupId
	if len(servers) > 0 {
		b.add(id, servers...)
	}
	return id
}

func (b *bed) add(group string, servers ...string) {
	b.t.Helper()
	r := alb.CreateAddServersToServerGroupRequest()
	r.ServerGroupId = group
	var list []alb.AddServersToServerGroupServers
	for _, s := range servers {
		address, weight, found := strings.Cut(s, "=")
		if !found {
			weight = "100"
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			b.t.Fatal(err)
		}
		list = append(list, alb.AddServersToServerGroupServers{ServerType: "Ip", ServerId: host, Port: port, Weight: weight})
	}
	r.Servers = &list
	_, err := b.alb.AddServersToServerGroup(r)
	ok(b.t, 0, err)
}

func (b *bed) listener(balancer, group string, port int) string {
	b.t.Helper()
	r := listenerRequest(balancer, group, port)
	answer, err := b.alb.CreateListener(r)
	return ok(b.t, answer, err).ListenerId
}

func listenerRequest(balancer, group string, port int) *alb.CreateListenerRequest {
	r := alb.CreateCreateListenerRequest()
	r.LoadBalancerId, r.ListenerProtocol, r.ListenerPort = balancer, "HTTP", requests.NewInteger(port)
	r.DefaultActions = &[]alb.CreateListenerDefaultActions{{
		Type: "ForwardGroup",
		ForwardGroupConfig: alb.CreateListenerDefaultActionsForwardGroupConfig{
			ServerGroupTuples: &[]alb.CreateListenerDefaultActionsForwardGroupConfigServerGroupTuplesItem{{ServerGroupId: group}},
		},
	}}
	return r
}

// Short names for the SDK's long ones.
type (
	rule      = alb.CreateRulesRules
	condition = alb.CreateRulesRulesRuleConditionsItem
	action    = alb.CreateRulesRulesRuleActionsItem
)

func onHost(hosts ...string) condition {
	return condition{Type: "Host", HostConfig: alb.CreateRulesRulesRuleConditionsItemHostConfig{Values: &hosts}}
}

func onPath(paths ...string) condition {
	return condition{Type: "Path", PathConfig: alb.CreateRulesRulesRuleConditionsItemPathConfig{Values: &paths}}
}

func onHeader(key string, values ...string) condition {
	return condition{Type: "Header", HeaderConfig: alb.CreateRulesRulesRuleConditionsItemHeaderConfig{Key: key, Values: &values}}
}

// forward is a ForwardGroup action of the highest order; each target is a group or group=weight.
func forward(targets ...string) action {
	var tuples []alb.CreateRulesRulesRuleActionsItemForwardGroupConfigServerGroupTuplesItem
	for _, target := range targets {
		id, weight, _ := strings.Cut(target, "=")
		tuples = append(tuples, alb.CreateRulesRulesRuleActionsItemForwardGroupConfigServerGroupTuplesItem{ServerGroupId: id, Weight: weight})
	}
	return action{Type: "ForwardGroup", Order: "100", ForwardGroupConfig: alb.CreateRulesRulesRuleActionsItemForwardGroupConfig{ServerGroupTuples: &tuples}}
}

func insert(order, key, value string) action {
	return action{Type: "InsertHeader", Order: order, InsertHeaderConfig: alb.CreateRulesRulesRuleActionsItemInsertHeaderConfig{
		Key: key, Value: value, ValueType: "UserDefined",
	}}
}

func when(priority int, conditions []condition, actions ...action) rule {
	return rule{RuleName: "rule-" + strconv.Itoa(priority), Priority: strconv.Itoa(priority), RuleConditions: &conditions, RuleActions: &actions}
}

func (b *bed) rules(listener string, rules ...rule) ([]string, error) {
	r := alb.CreateCreateRulesRequest()
	r.ListenerId, r.Rules = listener, &rules
	answer, err := b.alb.CreateRules(r)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range answer.RuleIds {
		ids = append(ids, id.RuleId)
	}
	return ids, nil
}

// backend is a server that answers with its name and what it was asked.
func backend(t *testing.T, name string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Backend", name)
		_, _ = fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.URL)
		_ = r.Header.Write(w)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// get asks a listener for a path of a host, and gives the status, the backend's name and the body.
func (b *bed) get(balancer string, port int, host, path string, header ...string) (status int, backend, body string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, "http://"+b.Endpoint(balancer, port)+path, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Host = host
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := noRedirect.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Backend"), resp.Header.Get("Location") + string(text)
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// soon waits until something holds, for at most ten seconds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so within 10 s: %s", what)
		}
	}
}
