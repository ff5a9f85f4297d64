package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// forwardedModel is a block x_forwarded_for_config.
type forwardedModel struct {
	For           types.Bool `tfsdk:"x_forwarded_for_enabled"`
	Proto         types.Bool `tfsdk:"x_forwarded_for_proto_enabled"`
	Host          types.Bool `tfsdk:"x_forwarded_for_host_enabled"`
	SLBID         types.Bool `tfsdk:"x_forwarded_for_slb_id_enabled"`
	SLBPort       types.Bool `tfsdk:"x_forwarded_for_slb_port_enabled"`
	ClientSrcPort types.Bool `tfsdk:"x_forwarded_for_client_src_port_enabled"`
}

// read takes over the settings that are configured.
func (f forwardedModel) read(live balancer.Forwarded) types.Object {
	set := func(v *types.Bool, live *bool) {
		if !v.IsNull() {
			*v = types.BoolValue(live != nil && *live)
		}
	}
	set(&f.For, live.For)
	set(&f.Proto, live.Proto)
	set(&f.Host, live.Host)
	set(&f.SLBID, live.SLBID)
	set(&f.SLBPort, live.SLBPort)
	set(&f.ClientSrcPort, live.ClientSrcPort)
	return f.value()
}

func (f forwardedModel) value() types.Object {
	return types.ObjectValueMust(forwardedType.AttrTypes, map[string]attr.Value{
		"x_forwarded_for_enabled": f.For, "x_forwarded_for_proto_enabled": f.Proto, "x_forwarded_for_host_enabled": f.Host,
		"x_forwarded_for_slb_id_enabled": f.SLBID, "x_forwarded_for_slb_port_enabled": f.SLBPort, "x_forwarded_for_client_src_port_enabled": f.ClientSrcPort,
	})
}

// notTrue is null for what is true by default, onlyTrue for what is false.
func notTrue(b *bool) types.Bool {
	if b != nil && *b {
		return types.BoolNull()
	}
	return types.BoolValue(false)
}

func onlyTrue(b *bool) types.Bool {
	if b == nil || !*b {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}
