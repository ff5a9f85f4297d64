package alb

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// The API's shapes, as they are sent and read. Of each only what is used here.

type balancer struct {
	Status  string `json:"LoadBalancerStatus"`
	Edition string `json:"LoadBalancerEdition"`
	VPC     string `json:"VpcId"`
}

type listener struct {
	ID       string    `json:"ListenerId"`
	Port     cloud.Int `json:"ListenerPort"`
	Protocol string    `json:"ListenerProtocol"`
	Status   string    `json:"ListenerStatus"`
}

type rule struct {
	ID         string      `json:"RuleId"`
	Listener   string      `json:"ListenerId" send:"never"`
	Name       string      `json:"RuleName"`
	Priority   int         `json:"Priority"`
	Status     string      `json:"RuleStatus" send:"never"`
	Conditions []condition `json:"RuleConditions"`
	Actions    []action    `json:"RuleActions"`
	Tags       []cloud.Tag `json:"Tags" send:"never"` // as they are read
	NewTags    []cloud.Tag `json:"Tag"`               // as they are sent
}

type condition struct {
	Type   string     `json:"Type"`
	Host   *values    `json:"HostConfig"`
	Path   *values    `json:"PathConfig"`
	Header *keyValues `json:"HeaderConfig"`
}

type values struct {
	Values []string `json:"Values"`
}

type keyValues struct {
	Key    string   `json:"Key"`
	Values []string `json:"Values"`
}

type action struct {
	Type     string    `json:"Type"`
	Order    cloud.Int `json:"Order"`
	Forward  *forward  `json:"ForwardGroupConfig"`
	Redirect *redirect `json:"RedirectConfig"`
	Rewrite  *rewrite  `json:"RewriteConfig"`
	Insert   *insert   `json:"InsertHeaderConfig"`
}

type forward struct {
	Tuples []tuple `json:"ServerGroupTuples"`
}

type tuple struct {
	Group  string `json:"ServerGroupId"`
	Weight int    `json:"Weight" send:"always"`
}

type redirect struct {
	Protocol string `json:"Protocol"`
	Port     string `json:"Port"`
	Code     string `json:"HttpCode"`
}

type rewrite struct {
	Host  string `json:"Host"`
	Path  string `json:"Path"`
	Query string `json:"Query"`
}

type insert struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	Type  string `json:"ValueType"`
}

type healthCheck struct {
	Enabled  cloud.Bool `json:"HealthCheckEnabled" send:"always"`
	Protocol string     `json:"HealthCheckProtocol"`
	Interval cloud.Int  `json:"HealthCheckInterval"`
	Timeout  cloud.Int  `json:"HealthCheckTimeout"`
	Rise     cloud.Int  `json:"HealthyThreshold"`
	Fall     cloud.Int  `json:"UnhealthyThreshold"`
}

// check is that of all groups: it connects to the port, for a request would be counted by the queue-proxy as traffic. Two seconds
// after a server is there it gets requests.
var check = healthCheck{Enabled: true, Protocol: "TCP", Interval: 1, Timeout: 2, Rise: 2, Fall: 3}

type groupInfo struct {
	ID       string      `json:"ServerGroupId"`
	Status   string      `json:"ServerGroupStatus"`
	Protocol string      `json:"Protocol"`
	VPC      string      `json:"VpcId"`
	Count    cloud.Int   `json:"ServerCount"`
	Check    healthCheck `json:"HealthCheckConfig"`
	Tags     []cloud.Tag `json:"Tags"`
	Rules    []string    `json:"RelatedRuleIds"`
	Fronts   []string    `json:"RelatedListenerIds"`
}

// serverItem is a server of type Ip, whose ID is its address: no look-up of network interfaces is needed.
type serverItem struct {
	Type   string     `json:"ServerType"`
	ID     string     `json:"ServerId"`
	Port   cloud.Int  `json:"Port"`
	Weight *cloud.Int `json:"Weight"`
	Status string     `json:"Status" send:"never"`
}
