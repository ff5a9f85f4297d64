package provider

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// slbListenerModel is a block listener.
type slbListenerModel struct {
	Port           types.Int64  `tfsdk:"port"`
	Protocol       types.String `tfsdk:"protocol"`
	Visibility     types.String `tfsdk:"visibility"`
	ForwardPort    types.Int64  `tfsdk:"forward_port"`
	IdleTimeout    types.Int64  `tfsdk:"idle_timeout"`
	RequestTimeout types.Int64  `tfsdk:"request_timeout"`
	SecurityPolicy types.String `tfsdk:"security_policy_id"`
	CipherPolicy   types.String `tfsdk:"tls_cipher_policy"`
	Certificates   types.List   `tfsdk:"certificates"`
	Forwarded      types.Object `tfsdk:"x_forwarded_for_config"`
}

var (
	certificateType = types.ObjectType{AttrTypes: map[string]attr.Type{"certificate_id": types.StringType}}
	forwardedType   = types.ObjectType{AttrTypes: map[string]attr.Type{
		"x_forwarded_for_enabled": types.BoolType, "x_forwarded_for_proto_enabled": types.BoolType, "x_forwarded_for_host_enabled": types.BoolType,
		"x_forwarded_for_slb_id_enabled": types.BoolType, "x_forwarded_for_slb_port_enabled": types.BoolType, "x_forwarded_for_client_src_port_enabled": types.BoolType,
	}}
	slbListenerType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"port": types.Int64Type, "protocol": types.StringType, "visibility": types.StringType, "forward_port": types.Int64Type, "idle_timeout": types.Int64Type,
		"request_timeout": types.Int64Type, "security_policy_id": types.StringType, "tls_cipher_policy": types.StringType,
		"certificates": types.ListType{ElemType: certificateType}, "x_forwarded_for_config": forwardedType,
	}}
	objectOptions = basetypes.ObjectAsOptions{}
)

// What a listener is like of which nothing is said (document of CreateListener).
const (
	defaultIdleTimeout    = 15
	defaultRequestTimeout = 60
	defaultTLSPolicy      = "tls_cipher_policy_1_0"
)

func (l slbListenerModel) port() int { return int(l.Port.ValueInt64()) }

// listeners are the blocks, as far as they are known.
func (m *slbIngressModel) listeners(ctx context.Context, diags *diag.Diagnostics) []slbListenerModel {
	var out []slbListenerModel
	if !m.Listeners.IsUnknown() {
		diags.Append(m.Listeners.ElementsAs(ctx, &out, false)...)
	}
	return out
}

// wanted are the listeners in the words of package balancer.
func (m *slbIngressModel) wanted(ctx context.Context, diags *diag.Diagnostics) []balancer.Listener {
	var out []balancer.Listener
	for _, l := range m.listeners(ctx, diags) {
		out = append(out, l.wanted(ctx, diags))
	}
	return out
}

func (l slbListenerModel) wanted(ctx context.Context, diags *diag.Diagnostics) balancer.Listener {
	w := balancer.Listener{
		Port: l.port(), Protocol: text(l.Protocol), ForwardPort: int(l.ForwardPort.ValueInt64()), IdleTimeout: int(l.IdleTimeout.ValueInt64()),
		RequestTimeout: int(l.RequestTimeout.ValueInt64()), TLSPolicy: cmp.Or(text(l.SecurityPolicy), text(l.CipherPolicy)), Certificates: l.certificates(ctx, diags),
		Forwarded: balancer.Forwarded{For: new(true), Proto: new(true)},
	}
	if l.Forwarded.IsNull() {
		return w
	}
	var f forwardedModel
	diags.Append(l.Forwarded.As(ctx, &f, objectOptions)...)
	w.Forwarded = balancer.Forwarded{
		For: cmp.Or(f.For.ValueBoolPointer(), new(true)), Proto: cmp.Or(f.Proto.ValueBoolPointer(), new(true)), Host: f.Host.ValueBoolPointer(),
		SLBID: f.SLBID.ValueBoolPointer(), SLBPort: f.SLBPort.ValueBoolPointer(), ClientSrcPort: f.ClientSrcPort.ValueBoolPointer(),
	}
	return w
}

func (l slbListenerModel) certificates(ctx context.Context, diags *diag.Diagnostics) []string {
	var blocks []struct {
		ID types.String `tfsdk:"certificate_id"`
	}
	diags.Append(l.Certificates.ElementsAs(ctx, &blocks, false)...)
	var ids []string
	for _, b := range blocks {
		ids = append(ids, text(b.ID))
	}
	return ids
}

// told are the listeners of the state by their IDs, as the SLBIngress names them.
func (m *slbIngressModel) told(ctx context.Context, diags *diag.Diagnostics) []balancer.Listener {
	var ids map[string]string
	diags.Append(m.ListenerIDs.ElementsAs(ctx, &ids, false)...)
	out := m.wanted(ctx, diags)
	for i := range out {
		out[i].ID = ids[strconv.Itoa(out[i].Port)]
	}
	return out
}

// readListeners takes over what the listeners are like: of those in the state the settings that it has, in its order; all of those
// of an import. One that is gone, or was stopped, is no more in the state, so that the plan shows that it will be there again.
func (m *slbIngressModel) readListeners(ctx context.Context, live []balancer.Listener, visible map[int32]string, whole bool, diags *diag.Diagnostics) {
	var out []attr.Value
	if whole {
		for _, l := range live {
			read := slbListenerModel{Certificates: types.ListNull(certificateType), Forwarded: types.ObjectNull(forwardedType.AttrTypes)}
			out = append(out, read.adopt(l, m.kind(), visible).value())
		}
	}
	for _, l := range m.listeners(ctx, diags) {
		i := slices.IndexFunc(live, func(t balancer.Listener) bool { return t.Port == l.port() && t.Running() })
		if i >= 0 {
			out = append(out, l.read(ctx, live[i], visible, diags).value())
		}
	}
	if out == nil {
		out = []attr.Value{}
	}
	m.Listeners = types.ListValueMust(slbListenerType, out)
	m.readListenerIDs(live)
}

// read takes over the settings that are configured.
func (l slbListenerModel) read(ctx context.Context, t balancer.Listener, visible map[int32]string, diags *diag.Diagnostics) slbListenerModel {
	number := func(v *types.Int64, live int) {
		if !v.IsNull() {
			*v = types.Int64Value(int64(live))
		}
	}
	policy := func(v *types.String) {
		if !v.IsNull() {
			*v = types.StringValue(t.TLSPolicy)
		}
	}
	l.Protocol = types.StringValue(t.Protocol)
	number(&l.IdleTimeout, t.IdleTimeout)
	number(&l.RequestTimeout, t.RequestTimeout)
	policy(&l.SecurityPolicy)
	policy(&l.CipherPolicy)
	if t.ForwardPort != int(l.ForwardPort.ValueInt64()) {
		l.ForwardPort = types.Int64PointerValue(nonZero(t.ForwardPort))
	}
	if v, told := visible[int32(t.Port)]; told && v != cmp.Or(text(l.Visibility), v1alpha1.VisibilityPublic) { //nolint:gosec // a port
		l.Visibility = types.StringValue(v)
	}
	if !slices.Equal(sameOrder(t.Certificates, l.certificates(ctx, diags)), l.certificates(ctx, diags)) {
		l.Certificates = certificateList(t.Certificates)
	}
	if !l.Forwarded.IsNull() {
		var f forwardedModel
		diags.Append(l.Forwarded.As(ctx, &f, objectOptions)...)
		l.Forwarded = f.read(t.Forwarded)
	}
	return l
}

// sameOrder gives certificates in the order of others, for the API keeps none but that of the first.
func sameOrder(live, configured []string) []string {
	if len(live) < 2 {
		return live
	}
	at := func(id string) int { return slices.Index(configured, id) }
	rest := slices.Clone(live[1:])
	slices.SortStableFunc(rest, func(a, b string) int { return at(a) - at(b) })
	return append(live[:1:1], rest...)
}

// adopt takes over all that is not the API's own default.
func (l slbListenerModel) adopt(t balancer.Listener, kind v1alpha1.LoadBalancerType, visible map[int32]string) slbListenerModel {
	l.Port, l.Protocol, l.ForwardPort = types.Int64Value(int64(t.Port)), types.StringValue(t.Protocol), types.Int64PointerValue(nonZero(t.ForwardPort))
	if t.IdleTimeout != defaultIdleTimeout {
		l.IdleTimeout = types.Int64PointerValue(nonZero(t.IdleTimeout))
	}
	if t.RequestTimeout != defaultRequestTimeout {
		l.RequestTimeout = types.Int64PointerValue(nonZero(t.RequestTimeout))
	}
	if v := visible[int32(t.Port)]; v != v1alpha1.VisibilityPublic { //nolint:gosec // a port
		l.Visibility = optional(v)
	}
	if t.TLSPolicy != defaultTLSPolicy && kind == v1alpha1.ALB {
		l.SecurityPolicy = optional(t.TLSPolicy)
	} else if t.TLSPolicy != defaultTLSPolicy {
		l.CipherPolicy = optional(t.TLSPolicy)
	}
	if len(t.Certificates) > 0 {
		l.Certificates = certificateList(t.Certificates)
	}
	is := func(b *bool) bool { return b != nil && *b }
	if f := t.Forwarded; !is(f.For) || !is(f.Proto) || is(f.Host) || is(f.SLBID) || is(f.SLBPort) || is(f.ClientSrcPort) {
		l.Forwarded = forwardedModel{For: notTrue(f.For), Proto: notTrue(f.Proto), Host: onlyTrue(f.Host), SLBID: onlyTrue(f.SLBID), SLBPort: onlyTrue(f.SLBPort), ClientSrcPort: onlyTrue(f.ClientSrcPort)}.value()
	}
	return l
}

func nonZero(n int) *int64 {
	if n == 0 {
		return nil
	}
	return new(int64(n))
}

func certificateList(ids []string) types.List {
	values := make([]attr.Value, 0, len(ids))
	for _, id := range ids {
		values = append(values, types.ObjectValueMust(certificateType.AttrTypes, map[string]attr.Value{"certificate_id": types.StringValue(id)}))
	}
	return types.ListValueMust(certificateType, values)
}

func (l slbListenerModel) value() attr.Value {
	return types.ObjectValueMust(slbListenerType.AttrTypes, map[string]attr.Value{
		"port": l.Port, "protocol": l.Protocol, "visibility": l.Visibility, "forward_port": l.ForwardPort, "idle_timeout": l.IdleTimeout,
		"request_timeout": l.RequestTimeout, "security_policy_id": l.SecurityPolicy, "tls_cipher_policy": l.CipherPolicy,
		"certificates": l.Certificates, "x_forwarded_for_config": l.Forwarded,
	})
}
