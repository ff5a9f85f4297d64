package slbtest

import (
	"strconv"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// call ends the test on an error.
func (b *Bed) call(p cloud.Product, action string, in, out any) {
	b.T.Helper()
	if err := b.Client.Call(b.T.Context(), p, action, in, out); err != nil {
		b.T.Fatal(err)
	}
}

// CLB makes a CLB instance, as Terraform would.
func (b *Bed) CLB(name string) (id string) {
	b.T.Helper()
	var made struct {
		ID string `json:"LoadBalancerId"`
	}
	b.call(cloud.CLB, "CreateLoadBalancer", map[string]string{"LoadBalancerName": name, "VSwitchId": slbsim.VSwitchA}, &made)
	return made.ID
}

// CLBListener makes a running HTTP listener without a health check, or with a certificate one of HTTPS.
func (b *Bed) CLBListener(balancer string, port int, certificate ...string) {
	b.T.Helper()
	at := strconv.Itoa(port)
	action, params := "CreateLoadBalancerHTTPListener", map[string]string{
		"LoadBalancerId": balancer, "ListenerPort": at, "BackendServerPort": "80", "Bandwidth": "-1", "HealthCheck": "off", "StickySession": "off",
	}
	if len(certificate) > 0 {
		action, params["ServerCertificateId"] = "CreateLoadBalancerHTTPSListener", certificate[0]
	}
	b.call(cloud.CLB, action, params, nil)
	b.call(cloud.CLB, "StartLoadBalancerListener", map[string]string{"LoadBalancerId": balancer, "ListenerPort": at}, nil)
}

// ALB makes an ALB instance of an edition, as Terraform would.
func (b *Bed) ALB(name, edition string) (id string) {
	b.T.Helper()
	var made struct {
		ID string `json:"LoadBalancerId"`
	}
	b.call(cloud.ALB, "CreateLoadBalancer", map[string]string{
		"LoadBalancerName": name, "LoadBalancerEdition": edition, "AddressType": "Internet", "VpcId": slbsim.FirstVPC,
		"LoadBalancerBillingConfig.PayType": "PostPay", "ZoneMappings.1.ZoneId": "cn-hangzhou-a", "ZoneMappings.1.VSwitchId": slbsim.VSwitchA,
		"ZoneMappings.2.ZoneId": "cn-hangzhou-b", "ZoneMappings.2.VSwitchId": slbsim.VSwitchB,
	}, &made)
	return made.ID
}

// ALBListener makes an HTTP listener, or with a certificate one of HTTPS, whose default is a group without servers.
func (b *Bed) ALBListener(balancer string, port int, certificate ...string) (id string) {
	b.T.Helper()
	var made struct {
		Group    string `json:"ServerGroupId"`
		Listener string `json:"ListenerId"`
	}
	b.call(cloud.ALB, "CreateServerGroup", map[string]string{
		"ServerGroupName": "default-" + strconv.Itoa(port), "ServerGroupType": "Ip", "VpcId": slbsim.FirstVPC, "HealthCheckConfig.HealthCheckEnabled": "false",
	}, &made)
	params := map[string]string{
		"LoadBalancerId": balancer, "ListenerProtocol": "HTTP", "ListenerPort": strconv.Itoa(port), "DefaultActions.1.Type": "ForwardGroup",
		"DefaultActions.1.ForwardGroupConfig.ServerGroupTuples.1.ServerGroupId": made.Group,
	}
	if len(certificate) > 0 {
		params["ListenerProtocol"], params["Certificates.1.CertificateId"] = "HTTPS", certificate[0]
	}
	b.call(cloud.ALB, "CreateListener", params, &made)
	return made.Listener
}
