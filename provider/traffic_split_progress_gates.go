package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/gate"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// What a gate takes where its configuration says nothing.
const (
	defaultGateInterval = 10 * time.Second
	defaultGateTimeout  = 10 * time.Second
)

// gateConfig is a gate. One that asks a tag learns its URL once the tag has one.
type gateConfig struct {
	gate.Gate
	tag, path string
	// longest is how long it may take to pass.
	longest time.Duration
}

func (m *gateModel) read(at path.Path, i int, diags *diag.Diagnostics) gateConfig {
	g := gateConfig{Gate: gate.Gate{Name: m.Name.ValueString(), Count: 1, FailureLimit: int(m.FailureLimit.ValueInt64()), Interval: span(m.Interval, defaultGateInterval)}}
	if g.Name == "" {
		g.Name = fmt.Sprintf("gate[%d]", i)
	}
	if n := m.Count.ValueInt64(); n > 0 {
		g.Count = int(n)
	}
	if g.FailureLimit >= g.Count && !m.Count.IsUnknown() {
		addErrorAt(diags, at.AtName("failure_limit"), "A gate that cannot fail", fmt.Sprintf("It is asked %d times, and %d answers may be bad. Let failure_limit be less than count.", g.Count, g.FailureLimit))
	}
	timeout := defaultGateTimeout
	switch {
	case m.HTTP != nil && m.Prometheus != nil:
		addErrorAt(diags, at, "Two questions in one gate", "The gate has an http and a prometheus block. Write one gate for each.")
	case m.HTTP != nil:
		timeout = span(m.HTTP.Timeout, timeout)
		m.HTTP.read(at.AtName("http"), &g, timeout, diags)
	case m.Prometheus != nil:
		timeout = span(m.Prometheus.Timeout, timeout)
		m.Prometheus.read(at.AtName("prometheus"), &g, timeout, diags)
	default:
		addErrorAt(diags, at, "A gate without a question", "Write an http or a prometheus block into the gate. That the Revisions are Ready is asked in any case.")
	}
	g.longest = time.Duration(g.Count)*timeout + time.Duration(g.Count-1)*g.Interval
	return g
}

func (m *httpGate) read(at path.Path, g *gateConfig, timeout time.Duration, diags *diag.Diagnostics) {
	h := &gate.HTTP{Method: http.MethodGet, ConnectTo: m.ConnectTo.ValueString(), Headers: headersOf(m.Headers), Timeout: timeout}
	g.Check, g.tag, g.path = h, m.Tag.ValueString(), m.Path.ValueString()
	if m.Method.ValueString() != "" {
		h.Method = m.Method.ValueString()
	}
	for _, e := range m.ExpectStatus.Elements() {
		if n, ok := e.(types.Int64); ok {
			h.Status = append(h.Status, n.ValueInt64())
		}
	}
	var err error
	if v := m.ExpectBody; v.ValueString() != "" {
		if h.Body, err = regexp.Compile(v.ValueString()); err != nil {
			addErrorAt(diags, at.AtName("expect_body"), "Not a regular expression", err.Error()+".")
		}
	}
	switch {
	case m.URL.IsNull() == m.Tag.IsNull():
		addErrorAt(diags, at, "Where to ask", "Write either url, or tag to ask one of the split's targets.")
	case !m.URL.IsNull() && !m.Path.IsNull():
		addErrorAt(diags, at.AtName("path"), "A path beside a URL", "path belongs to tag. Write it into url.")
	case !m.URL.IsNull() && !m.URL.IsUnknown():
		h.URL = checkURL(at.AtName("url"), m.URL.ValueString(), diags)
	}
	if g.path != "" && !strings.HasPrefix(g.path, "/") {
		addErrorAt(diags, at.AtName("path"), "Not a path", fmt.Sprintf("The path is %q. A path begins with /.", g.path))
	}
}

func (m *prometheusGate) read(at path.Path, g *gateConfig, timeout time.Duration, diags *diag.Diagnostics) {
	g.Check = &gate.Prometheus{Address: m.Address.ValueString(), Query: m.Query.ValueString(), Min: m.Min.ValueFloat64Pointer(), Max: m.Max.ValueFloat64Pointer(), Headers: headersOf(m.Headers), Timeout: timeout}
	for name, v := range map[string]types.String{"address": m.Address, "query": m.Query} {
		if !v.IsUnknown() && strings.TrimSpace(v.ValueString()) == "" {
			addErrorAt(diags, at, "Missing "+name, name+" is not written, and prometheus needs it.")
		}
	}
	if !m.Address.IsUnknown() && m.Address.ValueString() != "" {
		checkURL(at.AtName("address"), m.Address.ValueString(), diags)
	}
	known := !m.Min.IsUnknown() && !m.Max.IsUnknown()
	switch {
	case m.Min.IsNull() && m.Max.IsNull():
		addErrorAt(diags, at, "Missing bounds", "Write min, max or both: which values are good.")
	case known && !m.Min.IsNull() && !m.Max.IsNull() && m.Min.ValueFloat64() > m.Max.ValueFloat64():
		addErrorAt(diags, at.AtName("min"), "Bounds that no value is within", fmt.Sprintf("min is %g and max is %g. Let min be at most max.", m.Min.ValueFloat64(), m.Max.ValueFloat64()))
	}
}

func checkURL(at path.Path, text string, diags *diag.Diagnostics) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		addErrorAt(diags, at, "Not a URL", "A URL begins with http:// or https:// and a host, for example https://hello.example.com/healthz.")
		return nil
	}
	return u
}

func headersOf(m types.Map) map[string]string {
	out := map[string]string{}
	for name, v := range m.Elements() {
		if s, ok := v.(types.String); ok {
			out[name] = s.ValueString()
		}
	}
	return out
}

// addMissingTags refuses gates that ask a tag of no target. It is asked where there are steps to take: a rollback has none,
// and may well be to a split without the canary's tag.
func (c *progressConfig) addMissingTags(targets []rollout.Target, diags *diag.Diagnostics) {
	for i, g := range c.gates {
		if g.tag != "" && !slices.ContainsFunc(targets, func(t rollout.Target) bool { return t.Tag == g.tag }) {
			addErrorAt(diags, path.Root("progress").AtName("gate").AtListIndex(i).AtName("http").AtName("tag"), "A tag that no target has",
				fmt.Sprintf("The tag is %q. Write it at the traffic block whose Revision is to be asked: tag = %[1]q.", g.tag))
		}
	}
}
