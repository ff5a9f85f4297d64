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
	b.call(cloud.CLB, "CreateLoadBalancer", struct {
		Name    string `json:"LoadBalancerName"`
		VSwitch string `json:"VSwitchId"`
	}{name, slbsim.VSwitchA}, &made)
	return made.ID
}

// CLBListener makes a running HTTP listener without a health check.
func (b *Bed) CLBListener(balancer string, port int) {
	b.T.Helper()
	key := struct {
		ID   string `json:"LoadBalancerId"`
		Port int    `json:"ListenerPort"`
	}{balancer, port}
	b.call(cloud.CLB, "CreateLoadBalancerHTTPListener", struct {
		ID          string `json:"LoadBalancerId"`
		Port        int    `json:"ListenerPort"`
		BackendPort int    `json:"BackendServerPort"`
		Bandwidth   int    `json:"Bandwidth"`
		Check       string `json:"HealthCheck"`
		Sticky      string `json:"StickySession"`
	}{balancer, port, 80, -1, "off", "off"}, nil)
	b.call(cloud.CLB, "StartLoadBalancerListener", key, nil)
}

type zone struct {
	Zone    string `json:"ZoneId"`
	VSwitch string `json:"VSwitchId"`
}

// ALB makes an ALB instance of an edition, as Terraform would.
func (b *Bed) ALB(name, edition string) (id string) {
	b.T.Helper()
	var made struct {
		ID string `json:"LoadBalancerId"`
	}
	b.call(cloud.ALB, "CreateLoadBalancer", struct {
		Name    string `json:"LoadBalancerName"`
		Edition string `json:"LoadBalancerEdition"`
		Address string `json:"AddressType"`
		VPC     string `json:"VpcId"`
		Billing struct {
			Type string `json:"PayType"`
		} `json:"LoadBalancerBillingConfig"`
		Zones []zone `json:"ZoneMappings"`
	}{name, edition, "Internet", slbsim.FirstVPC, struct {
		Type string `json:"PayType"`
	}{"PostPay"}, []zone{{"cn-hangzhou-a", slbsim.VSwitchA}, {"cn-hangzhou-b", slbsim.VSwitchB}}}, &made)
	return made.ID
}

type tuple struct {
	ID string `json:"ServerGroupId"`
}

type defaultAction struct {
	Type    string `json:"Type"`
	Forward struct {
		Tuples []tuple `json:"ServerGroupTuples"`
	} `json:"ForwardGroupConfig"`
}

// ALBListener makes an HTTP listener, whose default is a group without servers.
func (b *Bed) ALBListener(balancer string, port int) (id string) {
	b.T.Helper()
	var group struct {
		ID string `json:"ServerGroupId"`
	}
	b.call(cloud.ALB, "CreateServerGroup", struct {
		Name  string `json:"ServerGroupName"`
		Type  string `json:"ServerGroupType"`
		VPC   string `json:"VpcId"`
		Check struct {
			On bool `json:"HealthCheckEnabled" send:"always"`
		} `json:"HealthCheckConfig"`
	}{Name: "default-" + strconv.Itoa(port), Type: "Ip", VPC: slbsim.FirstVPC}, &group)
	action := defaultAction{Type: "ForwardGroup"}
	action.Forward.Tuples = []tuple{{group.ID}}
	var made struct {
		ID string `json:"ListenerId"`
	}
	b.call(cloud.ALB, "CreateListener", struct {
		Balancer string          `json:"LoadBalancerId"`
		Protocol string          `json:"ListenerProtocol"`
		Port     int             `json:"ListenerPort"`
		Default  []defaultAction `json:"DefaultActions"`
	}{balancer, "HTTP", port, []defaultAction{action}}, &made)
	return made.ID
}
