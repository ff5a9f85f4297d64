package slbsim

import (
	"slices"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
)

// albHealthCheck is a group's health check, in the API's words; times are in seconds.
type albHealthCheck struct {
	Enabled   bool     `json:"HealthCheckEnabled"`
	Protocol  string   `json:"HealthCheckProtocol"`
	Port      int      `json:"HealthCheckConnectPort"` // 0: the server's
	Method    string   `json:"HealthCheckMethod"`
	Path      string   `json:"HealthCheckPath"`
	Host      string   `json:"HealthCheckHost"`
	Version   string   `json:"HealthCheckHttpVersion"`
	Codes     []string `json:"HealthCheckCodes"`
	HTTPCodes []string `json:"HealthCheckHttpCodes"` // the older name of the same, for HTTP
	Interval  int      `json:"HealthCheckInterval"`
	Timeout   int      `json:"HealthCheckTimeout"`
	Rise      int      `json:"HealthyThreshold"`
	Fall      int      `json:"UnhealthyThreshold"`
}

var albDefaultCheck = albHealthCheck{
	Protocol: "HTTP", Method: "HEAD", Path: "/", Host: "$SERVER_IP", Version: "HTTP1.1", Interval: 2, Timeout: 5, Rise: 3, Fall: 3,
}

type albHealthCheckParams struct {
	Enabled   *bool    `json:"HealthCheckEnabled"`
	Protocol  *string  `json:"HealthCheckProtocol" check:"in=HTTP|HTTPS|TCP|gRPC"`
	Port      *int     `json:"HealthCheckConnectPort" check:"0..65535"`
	Method    *string  `json:"HealthCheckMethod" check:"in=GET|HEAD|POST"`
	Path      *string  `json:"HealthCheckPath" check:"1..80"`
	Host      *string  `json:"HealthCheckHost" check:"1..80"`
	Version   *string  `json:"HealthCheckHttpVersion" check:"in=HTTP1.1"`
	Codes     []string `json:"HealthCheckCodes"`
	HTTPCodes []string `json:"HealthCheckHttpCodes"`
	Interval  *int     `json:"HealthCheckInterval" check:"1..50"`
	Timeout   *int     `json:"HealthCheckTimeout" check:"1..300"`
	Rise      *int     `json:"HealthyThreshold" check:"2..10"`
	Fall      *int     `json:"UnhealthyThreshold" check:"2..10"`
}

func (h *albHealthCheck) apply(p albHealthCheckParams) {
	set(&h.Enabled, p.Enabled)
	set(&h.Protocol, p.Protocol)
	set(&h.Port, p.Port)
	set(&h.Method, p.Method)
	set(&h.Path, p.Path)
	set(&h.Host, p.Host)
	set(&h.Interval, p.Interval)
	set(&h.Timeout, p.Timeout)
	set(&h.Rise, p.Rise)
	set(&h.Fall, p.Fall)
	if codes := append(slices.Clone(p.Codes), p.HTTPCodes...); len(codes) > 0 {
		h.Codes, h.HTTPCodes = codes, codes
	}
	if len(h.Codes) == 0 {
		h.Codes = []string{"http_2xx"}
		if h.Protocol == "gRPC" {
			h.Codes = []string{"0"}
		}
	}
}

func (h *albHealthCheck) verify() error {
	if !strings.HasPrefix(h.Path, "/") {
		return albIllegal("HealthCheckConfig.HealthCheckPath", "It must begin with a slash.")
	}
	valid := []string{"http_2xx", "http_3xx", "http_4xx", "http_5xx"}
	for _, code := range h.Codes {
		if h.Protocol != "gRPC" && !slices.Contains(valid, code) {
			return albIllegal("HealthCheckConfig.HealthCheckCodes", "It must be of %s.", strings.Join(valid, ", "))
		}
	}
	return nil
}

// config is the check for the data plane; nil: none.
func (h *albHealthCheck) config(seconds func(int) time.Duration) *plane.CheckConfig {
	if !h.Enabled {
		return nil
	}
	host := h.Host
	if host == "$SERVER_IP" {
		host = ""
	}
	return &plane.CheckConfig{
		Protocol: h.Protocol, Method: h.Method, Host: host, Path: h.Path, Codes: h.Codes, Port: h.Port,
		Interval: seconds(h.Interval), Timeout: seconds(h.Timeout), Rise: h.Rise, Fall: h.Fall,
	}
}
