package slbsim

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/slb"
	clocktesting "k8s.io/utils/clock/testing"
)

// clbBed has a CLB instance, and an ENI whose addresses are those of the backends.
type clbBed struct {
	*bed
	slb *slb.Client
	lb  string
}

func newCLB(t *testing.T, o Options) *clbBed {
	t.Helper()
	b := &clbBed{bed: newBed(t, o), slb: &slb.Client{}}
	b.connect(&b.slb.Client, "sim", "sim", "")
	b.PutInterface(Interface{ID: "eni-1", InstanceID: "i-1", IPs: []string{"127.0.0.1"}})
	r := slb.CreateCreateLoadBalancerRequest()
	r.LoadBalancerName, r.AddressType, r.VSwitchId = "test", "intranet", VSwitchA
	answer, err := b.slb.CreateLoadBalancer(r)
	b.lb = ok(t, answer, err).LoadBalancerId
	return b
}

// servers is the JSON of servers, each host:port=weight.
func servers(t *testing.T, list ...string) string {
	t.Helper()
	var all []map[string]string
	for _, s := range list {
		address, weight, _ := strings.Cut(s, "=")
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, map[string]string{"ServerId": "eni-1", "ServerIp": host, "Port": port, "Weight": weight, "Type": "eni"})
	}
	text, err := json.Marshal(all)
	return string(ok(t, text, err))
}

func (b *clbBed) vgroup(name string, list ...string) string {
	b.t.Helper()
	r := slb.CreateCreateVServerGroupRequest()
	r.LoadBalancerId, r.VServerGroupName = b.lb, name
	if len(list) > 0 {
		r.BackendServers = servers(b.t, list...)
	}
	answer, err := b.slb.CreateVServerGroup(r)
	return ok(b.t, answer, err).VServerGroupId
}

func (b *clbBed) http(port int, group string) {
	b.t.Helper()
	r := slb.CreateCreateLoadBalancerHTTPListenerRequest()
	r.LoadBalancerId, r.ListenerPort, r.Bandwidth = b.lb, requests.NewInteger(port), "-1"
	r.VServerGroupId, r.StickySession, r.HealthCheck = group, "off", "off"
	_, err := b.slb.CreateLoadBalancerHTTPListener(r)
	ok(b.t, 0, err)
}

func (b *clbBed) start(port int) {
	b.t.Helper()
	ok(b.t, 0, b.tryStart(port))
}

func (b *clbBed) tryStart(port int) error {
	r := slb.CreateStartLoadBalancerListenerRequest()
	r.LoadBalancerId, r.ListenerPort = b.lb, requests.NewInteger(port)
	_, err := b.slb.StartLoadBalancerListener(r)
	return err
}

func (b *clbBed) clbRules(port int, rules ...map[string]string) error {
	text, err := json.Marshal(rules)
	ok(b.t, text, err)
	r := slb.CreateCreateRulesRequest()
	r.LoadBalancerId, r.ListenerPort, r.RuleList = b.lb, requests.NewInteger(port), string(text)
	_, err = b.slb.CreateRules(r)
	return err
}

func TestCLBLife(t *testing.T) {
	b := newCLB(t, Options{})
	one, two, three := backend(t, "one"), backend(t, "two"), backend(t, "three")
	group := b.vgroup("group", one+"=3", two+"=1")
	other := b.vgroup("other", three+"=100")
	b.http(80, group)
	b.want(b.lb+"_http_80", "stopped")
	if _, err := http.Get("http://" + b.Endpoint(b.lb, 80)); err == nil {
		t.Fatal("a listener that was not started answers")
	}
	b.start(80)
	b.want(b.lb+"_http_80", "running")

	got := map[string]int{}
	for range 40 {
		_, name, _ := b.get(b.lb, 80, "a.example.com", "/")
		got[name]++
	}
	if got["one"] != 30 || got["two"] != 10 {
		t.Fatalf("3:1 gave %v", got)
	}

	rule := func(domain, url string) map[string]string {
		return map[string]string{"RuleName": "r", "Domain": domain, "Url": url, "VServerGroupId": other}
	}
	ok(t, 0, b.clbRules(80, rule("a.example.com", "/deep/er"), rule("*.b.example.com", "")))
	refused(t, b.clbRules(80, rule("a.example.com", "/deep/er")), "DomainExist")
	for path, want := range map[string]string{"a.example.com/deep/er/still": "three", "x.b.example.com/": "three"} {
		host, rest, _ := strings.Cut(path, "/")
		if _, name, _ := b.get(b.lb, 80, host, "/"+rest); name != want {
			t.Errorf("%s goes to %q, want %q", path, name, want)
		}
	}
	if _, name, _ := b.get(b.lb, 80, "a.example.com", "/deep"); name == "three" {
		t.Error("/deep goes where /deep/er should")
	}

	del := slb.CreateDeleteVServerGroupRequest()
	del.VServerGroupId = other
	_, err := b.slb.DeleteVServerGroup(del)
	refused(t, err, "RspoolVipExist")

	weigh := slb.CreateSetVServerGroupAttributeRequest()
	weigh.VServerGroupId, weigh.BackendServers = group, servers(t, one+"=0")
	_, err = b.slb.SetVServerGroupAttribute(weigh)
	ok(t, 0, err)
	if _, name, _ := b.get(b.lb, 80, "c.example.com", "/"); name != "two" {
		t.Fatalf("a server with weight 0 answers: %q", name)
	}

	get := slb.CreateDescribeLoadBalancerHTTPListenerAttributeRequest()
	get.LoadBalancerId, get.ListenerPort = b.lb, "80"
	listener, err := b.slb.DescribeLoadBalancerHTTPListenerAttribute(get)
	if ok(t, listener, err); listener.Status != "running" || listener.VServerGroupId != group || len(listener.Rules.Rule) != 2 || listener.HealthCheck != "off" {
		t.Fatalf("listener: %+v", listener)
	}
	view := slb.CreateDescribeLoadBalancerAttributeRequest()
	view.LoadBalancerId = b.lb
	balancer, err := b.slb.DescribeLoadBalancerAttribute(view)
	if ok(t, balancer, err); balancer.LoadBalancerStatus != "active" || balancer.ListenerPortsAndProtocol.ListenerPortAndProtocol[0].ListenerProtocol != "http" || balancer.VpcId != FirstVPC {
		t.Fatalf("balancer: %+v", balancer)
	}

	drop := slb.CreateDeleteLoadBalancerRequest()
	drop.LoadBalancerId = b.lb
	_, err = b.slb.DeleteLoadBalancer(drop)
	ok(t, 0, err)
	if left := b.Resources(); len(left) > 0 {
		t.Fatalf("left: %+v", left)
	}
	_, err = b.slb.DescribeLoadBalancerAttribute(view)
	refused(t, err, "InvalidLoadBalancerId.NotFound")
}

// While a change is under way, others are refused, each with its code.
func TestCLBConfiguring(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	b := newCLB(t, Options{Clock: clock, Jobs: time.Second})
	later := func() {
		clock.Step(time.Second)
		b.Resources()
	}
	group := b.vgroup("group")
	add := slb.CreateAddVServerGroupBackendServersRequest()
	add.VServerGroupId, add.BackendServers = group, servers(t, "127.0.0.1:1=1")
	_, err := b.slb.AddVServerGroupBackendServers(add)
	refused(t, err, "BackendServer.configuring")
	later()
	_, err = b.slb.AddVServerGroupBackendServers(add)
	ok(t, 0, err)
	later()
	_, err = b.slb.AddVServerGroupBackendServers(add)
	refused(t, err, "InvalidParameter") // it is there already
	b.http(80, group)
	refused(t, b.tryStart(80), "ServiceIsConfiguring")
	later()
	b.start(80)
	b.want(b.lb+"_http_80", "starting")
	later()
	refused(t, b.tryStart(80), "OperationFailed.ListenerStatusNotSupport")
}

func TestCLBRefused(t *testing.T) {
	quotas := DefaultCLB
	quotas.Rules, quotas.Servers = 1, 3
	b := newCLB(t, Options{CLB: &quotas})
	group := b.vgroup("group")
	b.http(80, group)
	add := func(text string) error {
		r := slb.CreateAddVServerGroupBackendServersRequest()
		r.VServerGroupId, r.BackendServers = group, text
		_, err := b.slb.AddVServerGroupBackendServers(r)
		return err
	}
	var many []string
	for i := range 21 {
		many = append(many, "127.0.0.1:"+strconv.Itoa(1000+i)+"=1")
	}
	refused(t, add(servers(t, many...)), "InvalidParameter")
	refused(t, add(servers(t, many[:4]...)), "QuotaExceeded")
	refused(t, add(servers(t, "10.9.9.9:80=1")), "ObtainIpFail")
	refused(t, add(servers(t, "127.0.0.1:80=101")), "InvalidParameter")
	refused(t, add(`[{"ServerId":"127.0.0.1","Port":"80","Type":"ip"}]`), "InvalidParameter")
	rule := func(domain string) map[string]string {
		return map[string]string{"RuleName": "r", "Domain": domain, "VServerGroupId": group}
	}
	ok(t, 0, b.clbRules(80, rule("a.example.com")))
	refused(t, b.clbRules(80, rule("b.example.com")), "QuotaExceeded")
	refused(t, b.clbRules(81, rule("b.example.com")), "ListenerNotFound")

	listen := func(port, check, group string) error {
		r := slb.CreateCreateLoadBalancerHTTPListenerRequest()
		r.LoadBalancerId, r.ListenerPort, r.StickySession = b.lb, requests.Integer(port), "off"
		r.HealthCheck, r.VServerGroupId = check, group
		_, err := b.slb.CreateLoadBalancerHTTPListener(r)
		return err
	}
	refused(t, listen("80", "off", group), "ListenerAlreadyExists")
	refused(t, listen("82", "", group), "MissingParameter")
	refused(t, listen("82", "off", ""), "MissingParameter")
	refused(t, listen("82", "off", "rsp-none"), "InvalidParameter")
	refused(t, listen("65536", "off", group), "InvalidParameter")
}

func TestCLBTCP(t *testing.T) {
	b := newCLB(t, Options{})
	group := b.vgroup("group", backend(t, "one")+"=100")
	r := slb.CreateCreateLoadBalancerTCPListenerRequest()
	r.LoadBalancerId, r.ListenerPort, r.VServerGroupId, r.HealthCheckInterval = b.lb, "90", group, "1"
	_, err := b.slb.CreateLoadBalancerTCPListener(r)
	ok(t, 0, err)
	b.start(90)
	health := slb.CreateDescribeHealthStatusRequest()
	health.LoadBalancerId = b.lb
	soon(t, "normal", func() bool {
		answer, err := b.slb.DescribeHealthStatus(health)
		return ok(t, answer, err).BackendServers.BackendServer[0].ServerHealthStatus == "normal"
	})
	if status, name, _ := b.get(b.lb, 90, "a.example.com", "/"); status != 200 || name != "one" {
		t.Fatalf("got %d from %q", status, name)
	}
}

// HTTPS with a certificate for one more domain, and HTTP that redirects to it; backends that are the instance's own.
func TestCLBHTTPS(t *testing.T) {
	b := newCLB(t, Options{})
	upload := func(name string) string {
		certPEM, keyPEM := certificateFor(t, name)
		r := slb.CreateUploadServerCertificateRequest()
		r.ServerCertificate, r.PrivateKey, r.ServerCertificateName = string(certPEM), string(keyPEM), name
		answer, err := b.slb.UploadServerCertificate(r)
		return ok(t, answer, err).ServerCertificateId
	}
	first, second := upload("a.example.com"), upload("b.example.com")
	_, port, _ := net.SplitHostPort(backend(t, "one"))
	add := slb.CreateAddBackendServersRequest()
	add.LoadBalancerId, add.BackendServers = b.lb, `[{"ServerId":"i-1","Weight":"100"}]`
	_, err := b.slb.AddBackendServers(add)
	ok(t, 0, err)
	r := slb.CreateCreateLoadBalancerHTTPSListenerRequest()
	r.LoadBalancerId, r.ListenerPort, r.BackendServerPort = b.lb, "443", requests.Integer(port)
	r.StickySession, r.HealthCheck, r.ServerCertificateId = "off", "off", first
	_, err = b.slb.CreateLoadBalancerHTTPSListener(r)
	ok(t, 0, err)
	b.start(443)
	extend := slb.CreateCreateDomainExtensionRequest()
	extend.LoadBalancerId, extend.ListenerPort, extend.Domain, extend.ServerCertificateId = b.lb, "443", "b.example.com", second
	_, err = b.slb.CreateDomainExtension(extend)
	ok(t, 0, err)
	for _, name := range []string{"a.example.com", "b.example.com"} {
		resp, err := trusting(name).Get("https://" + b.Endpoint(b.lb, 443))
		ok(t, resp, err).Body.Close()
		if got := resp.TLS.PeerCertificates[0].Subject.CommonName; got != name || resp.Header.Get("Backend") != "one" {
			t.Errorf("%s: certificate of %s, status %d", name, got, resp.StatusCode)
		}
	}
	del := slb.CreateDeleteServerCertificateRequest()
	del.ServerCertificateId = second
	_, err = b.slb.DeleteServerCertificate(del)
	refused(t, err, "CertificateBeingUsed")

	plain := slb.CreateCreateLoadBalancerHTTPListenerRequest()
	plain.LoadBalancerId, plain.ListenerPort, plain.ListenerForward, plain.ForwardPort = b.lb, "80", "on", "443"
	_, err = b.slb.CreateLoadBalancerHTTPListener(plain)
	ok(t, 0, err)
	b.start(80)
	if status, _, body := b.get(b.lb, 80, "a.example.com", "/x"); status != 301 || body != "https://a.example.com/x" {
		t.Fatalf("redirect: %d %s", status, body)
	}
}

func TestCLBTags(t *testing.T) {
	b := newCLB(t, Options{})
	group := b.vgroup("group")
	tag := slb.CreateTagResourcesRequest()
	tag.ResourceType, tag.ResourceId = "vservergroup", &[]string{group}
	tag.Tag = &[]slb.TagResourcesTag{{Key: "owner", Value: "guard"}, {Key: "x", Value: "y"}}
	_, err := b.slb.TagResources(tag)
	ok(t, 0, err)
	untag := slb.CreateUntagResourcesRequest()
	untag.ResourceType, untag.ResourceId, untag.TagKey = "vservergroup", &[]string{group}, &[]string{"x"}
	_, err = b.slb.UntagResources(untag)
	ok(t, 0, err)
	list := slb.CreateListTagResourcesRequest()
	list.ResourceType, list.ResourceId = "vservergroup", &[]string{group}
	answer, err := b.slb.ListTagResources(list)
	ok(t, answer, err)
	if got := fmt.Sprint(answer.TagResources.TagResource); got != "[{guard vservergroup "+group+" owner}]" {
		t.Fatalf("tags: %s", got)
	}
	add := slb.CreateAddTagsRequest()
	add.LoadBalancerId, add.Tags = b.lb, `[{"TagKey":"owner","TagValue":"terraform"}]`
	_, err = b.slb.AddTags(add)
	ok(t, 0, err)
	find := slb.CreateDescribeLoadBalancersRequest()
	find.Tag = &[]slb.DescribeLoadBalancersTag{{Key: "owner", Value: "guard"}}
	none, err := b.slb.DescribeLoadBalancers(find)
	if ok(t, none, err); none.TotalCount != 0 {
		t.Fatalf("found %+v", none.LoadBalancers)
	}
	find.Tag = &[]slb.DescribeLoadBalancersTag{{Key: "owner", Value: "terraform"}}
	one, err := b.slb.DescribeLoadBalancers(find)
	if ok(t, one, err); one.TotalCount != 1 || one.LoadBalancers.LoadBalancer[0].Tags.Tag[0].TagValue != "terraform" {
		t.Fatalf("found %+v", one.LoadBalancers)
	}
}
