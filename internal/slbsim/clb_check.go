package slbsim

import (
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
)

// clbCheck is the health check of a listener; times are in seconds.
type clbCheck struct {
	On             string `json:"HealthCheck,omitempty" check:"in=on|off"`       // HTTP and HTTPS
	Switch         string `json:"HealthCheckSwitch,omitempty" check:"in=on|off"` // TCP
	Type           string `json:"HealthCheckType,omitempty" check:"in=tcp|http"`
	URI            string `json:"HealthCheckURI,omitempty" check:"1..80"`
	Domain         string `json:"HealthCheckDomain,omitempty" check:"1..80"`
	Method         string `json:"HealthCheckMethod,omitempty" check:"in=head|get"`
	Codes          string `json:"HealthCheckHttpCode,omitempty"`
	CheckPort      int    `json:"HealthCheckConnectPort,omitempty" check:"-520..65535"`
	Interval       int    `json:"HealthCheckInterval,omitempty" check:"1..50"`
	IntervalTCP    int    `json:"healthCheckInterval,omitempty" check:"1..50"`
	CheckTimeout   int    `json:"HealthCheckTimeout,omitempty" check:"1..300"`
	ConnectTimeout int    `json:"HealthCheckConnectTimeout,omitempty" check:"1..300"`
	Rise           int    `json:"HealthyThreshold,omitempty" check:"2..10"`
	Fall           int    `json:"UnhealthyThreshold,omitempty" check:"2..10"`
}

func clbDefaultCheck(p plane.Protocol) clbCheck {
	check := clbCheck{Interval: 2, Rise: 3, Fall: 3}
	if p == plane.TCP {
		check.Switch, check.Type, check.ConnectTimeout = "on", "tcp", 5
		return check
	}
	check.CheckTimeout, check.URI, check.Codes, check.Method = 5, "/", "http_2xx", "head"
	return check
}

// config is the check for the data plane; nil: none. HTTP and HTTPS listeners check by HTTP only.
func (c clbCheck) config(p plane.Protocol, seconds func(int) time.Duration) *plane.CheckConfig {
	if p == plane.TCP && c.Switch == "off" || p != plane.TCP && c.On != "on" {
		return nil
	}
	config := &plane.CheckConfig{
		Protocol: "HTTP", Method: strings.ToUpper(c.Method), Host: c.Domain, Path: c.URI, Codes: commas(c.Codes), Port: max(c.CheckPort, 0),
		Interval: seconds(c.Interval), Timeout: seconds(max(c.CheckTimeout, c.ConnectTimeout)), Rise: c.Rise, Fall: c.Fall,
	}
	if c.IntervalTCP > 0 {
		config.Interval = seconds(c.IntervalTCP)
	}
	if p == plane.TCP && c.Type == "tcp" {
		config.Protocol = "TCP"
	}
	def(&config.Path, "/")
	def(&config.Method, "HEAD")
	return config
}

func commas(s string) []string { return strings.Split(s, ",") }
