package slbsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cas"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cs"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpc"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

func TestECSFindsTheInterfaceOfAnAddress(t *testing.T) {
	b := newBed(t, Options{})
	b.PutInterface(Interface{ID: "eni-1", InstanceID: "i-1", IPs: []string{"10.1.0.1", "10.1.0.2"}})
	b.PutInterface(Interface{ID: "eni-2", InstanceID: "i-2", IPs: []string{"10.1.0.3"}})
	c := &ecs.Client{}
	b.connect(&c.Client, "sim", "sim", "")
	r := ecs.CreateDescribeNetworkInterfacesRequest()
	r.PrivateIpAddress = &[]string{"10.1.0.2"}
	answer, err := c.DescribeNetworkInterfaces(r)
	if sets := ok(t, answer, err).NetworkInterfaceSets.NetworkInterfaceSet; len(sets) != 1 || sets[0].NetworkInterfaceId != "eni-1" ||
		len(sets[0].PrivateIpSets.PrivateIpSet) != 2 || sets[0].VpcId != FirstVPC {
		t.Fatalf("got %+v", sets)
	}
}

func TestVPC(t *testing.T) {
	b := newBed(t, Options{})
	b.PutVSwitch(VSwitch{ID: "vsw-2", VpcID: "vpc-2", ZoneID: "cn-hangzhou-a"})
	c := &vpc.Client{}
	b.connect(&c.Client, "sim", "sim", "")
	all, err := c.DescribeVpcs(vpc.CreateDescribeVpcsRequest())
	if ok(t, all, err); all.TotalCount != 2 || all.Vpcs.Vpc[0].Status != "Available" {
		t.Fatalf("got %+v", all)
	}
	r := vpc.CreateDescribeVSwitchesRequest()
	r.VpcId = FirstVPC
	answer, err := c.DescribeVSwitches(r)
	if ok(t, answer, err); len(answer.VSwitches.VSwitch) != 2 || answer.VSwitches.VSwitch[1].ZoneId != "cn-hangzhou-b" {
		t.Fatalf("got %+v", answer)
	}
}

// A role's key works until it expires.
func TestSTS(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Now())
	b := newBed(t, Options{Clock: clock})
	c := &sts.Client{}
	b.connect(&c.Client, "sim", "sim", "")
	r := sts.CreateAssumeRoleRequest()
	r.Scheme, r.RoleArn, r.RoleSessionName, r.DurationSeconds = "HTTP", "acs:ram::1:role/guard", "test", "900"
	answer, err := c.AssumeRole(r)
	key := ok(t, answer, err).Credentials
	lent := &sts.Client{}
	b.connect(&lent.Client, key.AccessKeyId, key.AccessKeySecret, key.SecurityToken)
	who := sts.CreateGetCallerIdentityRequest()
	who.Scheme = "HTTP"
	identity, err := lent.GetCallerIdentity(who)
	if ok(t, identity, err); identity.Arn != "acs:ram::1:assumed-role/guard/test" || identity.IdentityType != "AssumedRoleUser" {
		t.Fatalf("got %+v", identity)
	}
	clock.Step(14 * time.Minute)
	_, err = lent.GetCallerIdentity(who)
	ok(t, 0, err)
	clock.Step(time.Minute)
	_, err = lent.GetCallerIdentity(who)
	if code := codeOf(err); code != "InvalidSecurityToken.Expired" && code != "InvalidTimeStamp.Expired" {
		t.Fatalf("expired, and refused with %q", code)
	}
}

func TestSTSWithOIDC(t *testing.T) {
	b := newBed(t, Options{})
	c := &sts.Client{}
	b.connect(&c.Client, "", "", "")
	assume := func(expires time.Time) error {
		claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iss":"https://oidc","sub":"system:serviceaccount:a:b","exp":%d}`, expires.Unix()))
		form := strings.NewReader("")
		query := "Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON&RoleSessionName=test&RoleArn=acs:ram::1:role/guard" +
			"&OIDCProviderArn=acs:ram::1:oidc-provider/ack&OIDCToken=h." + claims + ".s"
		resp, err := http.Post(b.url+"/?"+query, "application/x-www-form-urlencoded", form)
		defer ok(t, resp, err).Body.Close()
		var answer struct {
			Code        string
			Credentials struct {
				ID     string `json:"AccessKeyId"`
				Secret string `json:"AccessKeySecret"`
				Token  string `json:"SecurityToken"`
			}
		}
		ok(t, 0, json.NewDecoder(resp.Body).Decode(&answer))
		if answer.Code != "" {
			return wire.Refuse(answer.Code, "")
		}
		lent := &alb.Client{}
		b.connect(&lent.Client, answer.Credentials.ID, answer.Credentials.Secret, answer.Credentials.Token)
		_, err = lent.DescribeZones(alb.CreateDescribeZonesRequest())
		return err
	}
	ok(t, 0, assume(time.Now().Add(time.Hour)))
	if err := assume(time.Now().Add(-time.Hour)); err == nil || !strings.HasPrefix(err.Error(), "AuthenticationFail.OIDCToken.Expired") {
		t.Fatalf("an expired token: %v", err)
	}
	if text := fmt.Sprint(b.Record.Entries()); strings.Contains(text, ".s ") || !strings.Contains(text, "OIDCToken:…") {
		t.Fatalf("the record shows the token: %s", text)
	}
}

func TestCAS(t *testing.T) {
	b := newBed(t, Options{})
	c := &cas.Client{}
	b.connect(&c.Client, "sim", "sim", "")
	certPEM, keyPEM := certificateFor(t, "a.example.com")
	r := cas.CreateUploadUserCertificateRequest()
	r.Name, r.Cert, r.Key = "one", string(certPEM), string(keyPEM)
	answer, err := c.UploadUserCertificate(r)
	id := ok(t, answer, err).CertId
	_, err = c.UploadUserCertificate(r)
	refused(t, err, "NameRepeat")
	for _, test := range []struct {
		orderType, status string
		want              int
	}{{"", "", 0}, {"BUY", "", 0}, {"UPLOAD", "", 1}, {"CERT", "", 1}, {"UPLOAD", "EXPIRED", 0}} {
		list := cas.CreateListUserCertificateOrderRequest()
		list.OrderType, list.Status = test.orderType, test.status
		found, err := c.ListUserCertificateOrder(list)
		if ok(t, found, err); len(found.CertificateOrderList) != test.want || found.TotalCount != int64(test.want) {
			t.Fatalf("%+v: %+v", test, found.CertificateOrderList)
		}
	}
	lb, group := b.balancer("Standard"), b.group("group", backend(t, "one"))
	b.httpsListener(lb, group, fmt.Sprintf("%d-cn-hangzhou", id))
	del := cas.CreateDeleteUserCertificateRequest()
	del.CertId = requests.Integer(fmt.Sprint(id))
	_, err = c.DeleteUserCertificate(del)
	refused(t, err, "CertificateInUse")
	if text := fmt.Sprint(b.Record.Entries()); strings.Contains(text, "PRIVATE KEY") {
		t.Fatal("the record shows the private key")
	}
}

func TestCS(t *testing.T) {
	b := newBed(t, Options{})
	b.PutCluster("c1", "prod", "apiVersion: v1")
	c := &cs.Client{}
	b.connect(&c.Client, "sim", "sim", "")
	host, port, _ := strings.Cut(c.Domain, ":")
	r := cs.CreateDescribeClusterUserKubeconfigRequest()
	r.ClusterId, r.Domain, r.Port, r.Scheme = "c1", host, port, "HTTP"
	answer, err := c.DescribeClusterUserKubeconfig(r)
	if ok(t, answer, err); answer.Config != "apiVersion: v1" {
		t.Fatalf("got %+v", answer)
	}
	b.DropCluster("c1")
	r = cs.CreateDescribeClusterUserKubeconfigRequest()
	r.ClusterId, r.Domain, r.Port, r.Scheme = "c1", host, port, "HTTP"
	_, err = c.DescribeClusterUserKubeconfig(r)
	refused(t, err, "ErrorClusterNotFound")
}

func TestPages(t *testing.T) {
	b := newBed(t, Options{})
	lb := b.balancer("Standard")
	b.listener(lb, b.group("group", backend(t, "one")), 80)
	get := func(path string) string {
		resp, err := http.Get(b.url + path)
		defer ok(t, resp, err).Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(ok(t, body, err))
	}
	if page := get("/_sim/"); !strings.Contains(page, lb) || !strings.Contains(page, "alb:CreateListener") {
		t.Fatalf("page: %s", page)
	}
	if at := get("/_sim/endpoint?port=80&id=" + lb); !strings.Contains(at, b.Endpoint(lb, 80)) {
		t.Fatalf("endpoint: %s", at)
	}
	put, err := http.NewRequest(http.MethodPut, b.url+"/_sim/faults", strings.NewReader(`[{"Product":"alb","Throttle":true,"Rate":1}]`))
	ok(t, put, err)
	resp, err := http.DefaultClient.Do(put)
	ok(t, resp, err).Body.Close()
	_, err = b.alb.DescribeZones(alb.CreateDescribeZonesRequest())
	refused(t, err, "Throttling.User")
}
