package provider

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

func (m *slbIngressModel) validateListeners(ctx context.Context, diags *diag.Diagnostics) {
	all := m.listeners(ctx, diags)
	ports := map[int]int{}
	https := map[int]bool{}
	for _, l := range all {
		https[l.port()] = https[l.port()] || text(l.Protocol) == v1alpha1.ProtocolHTTPS
	}
	serving := 0
	for i, l := range all {
		at := path.Root("listener").AtListIndex(i)
		if first, twice := ports[l.port()]; twice {
			addErrorAt(diags, at.AtName("port"), "A port twice", fmt.Sprintf("Port %d is that of listener[%d] already. A port has one listener.", l.port(), first))
		} else {
			ports[l.port()] = i
		}
		l.validate(ctx, at, m.kind(), diags)
		switch to := int(l.ForwardPort.ValueInt64()); {
		case l.ForwardPort.IsNull():
			serving++
		case m.LoadBalancerID.IsNull() && !https[to]:
			addErrorAt(diags, at.AtName("forward_port"), "Leads nowhere", fmt.Sprintf("There is no HTTPS listener on port %d to redirect to. Add one, or leave forward_port out.", to))
		}
	}
	if serving == 0 && len(all) > 0 {
		addErrorAt(diags, path.Root("listener"), "Nothing is served", "Each listener only redirects. Add one without forward_port.")
	}
}

// validate holds a listener to its protocol and to the type of its load balancer.
func (l slbListenerModel) validate(ctx context.Context, at path.Path, kind v1alpha1.LoadBalancerType, diags *diag.Diagnostics) {
	https := text(l.Protocol) == v1alpha1.ProtocolHTTPS
	ids := l.certificates(ctx, diags)
	refuse := func(name, why string) { addErrorAt(diags, at.AtName(name), "Does not fit the listener", why) }
	switch {
	case https && len(ids) == 0:
		refuse("certificates", "An HTTPS listener has a certificate. Add a block certificates.")
	case !https && len(ids) > 0:
		refuse("certificates", "An HTTP listener has no certificates. Leave them out, or write protocol = \"HTTPS\".")
	case kind == v1alpha1.CLB && len(ids) > 1:
		refuse("certificates", strconv.Itoa(len(ids))+" certificates are written, and a listener of a CLB has one.")
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			refuse("certificates", fmt.Sprintf("%s is there twice.", id))
		}
	}
	if https && !l.ForwardPort.IsNull() {
		refuse("forward_port", "Only an HTTP listener redirects to HTTPS.")
	}
	for _, p := range []struct {
		name  string
		value types.String
		only  v1alpha1.LoadBalancerType
	}{{"security_policy_id", l.SecurityPolicy, v1alpha1.ALB}, {"tls_cipher_policy", l.CipherPolicy, v1alpha1.CLB}} {
		switch {
		case p.value.IsNull():
		case kind != p.only:
			refuse(p.name, fmt.Sprintf("%s is for %s, and load_balancer_type is %s.", p.name, p.only, kind))
		case !https:
			refuse(p.name, p.name+" is for an HTTPS listener.")
		}
	}
	if kind == v1alpha1.CLB && !l.Forwarded.IsNull() {
		l.validateForwarded(ctx, at.AtName("x_forwarded_for_config"), diags)
	}
}

// validateForwarded refuses what a CLB cannot do.
func (l slbListenerModel) validateForwarded(ctx context.Context, at path.Path, diags *diag.Diagnostics) {
	var f forwardedModel
	diags.Append(l.Forwarded.As(ctx, &f, objectOptions)...)
	if f.Host.ValueBool() {
		addErrorAt(diags, at.AtName("x_forwarded_for_host_enabled"), "Does not fit the listener", "A CLB does not send X-Forwarded-Host. Leave it out, or use an ALB.")
	}
	if !f.For.IsNull() && !f.For.ValueBool() {
		addErrorAt(diags, at.AtName("x_forwarded_for_enabled"), "Does not fit the listener", "A CLB always sends X-Forwarded-For. Leave it out.")
	}
}
