package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// slbIngressModel is a knative_slb_ingress as Terraform holds it.
type slbIngressModel struct {
	ID               types.String   `tfsdk:"id"`
	Name             types.String   `tfsdk:"name"`
	Labels           types.Map      `tfsdk:"labels"`
	LoadBalancerType types.String   `tfsdk:"load_balancer_type"`
	LoadBalancerID   types.String   `tfsdk:"load_balancer_id"`
	Listeners        types.List     `tfsdk:"listener"`
	Namespaces       types.Set      `tfsdk:"namespaces"`
	Hosts            types.Set      `tfsdk:"hosts"`
	Priorities       types.Object   `tfsdk:"priorities"`
	Default          types.Bool     `tfsdk:"default"`
	ForceConflicts   types.Bool     `tfsdk:"force_conflicts"`
	Timeouts         timeouts.Value `tfsdk:"timeouts"`

	// What the load balancer itself is like.
	LoadBalancerName             types.String `tfsdk:"load_balancer_name"`
	DeleteProtection             types.String `tfsdk:"delete_protection"`
	ModificationProtectionStatus types.String `tfsdk:"modification_protection_status"`
	ModificationProtectionReason types.String `tfsdk:"modification_protection_reason"`
	Tags                         types.Map    `tfsdk:"tags"`
	AddressType                  types.String `tfsdk:"address_type"`
	VPCID                        types.String `tfsdk:"vpc_id"`
	ResourceGroupID              types.String `tfsdk:"resource_group_id"`
	PaymentType                  types.String `tfsdk:"payment_type"`
	LoadBalancerEdition          types.String `tfsdk:"load_balancer_edition"`
	AddressAllocatedMode         types.String `tfsdk:"address_allocated_mode"`
	ZoneMappings                 types.Set    `tfsdk:"zone_mappings"`
	VSwitchID                    types.String `tfsdk:"vswitch_id"`
	LoadBalancerSpec             types.String `tfsdk:"load_balancer_spec"`
	InternetChargeType           types.String `tfsdk:"internet_charge_type"`
	InstanceChargeType           types.String `tfsdk:"instance_charge_type"`
	Bandwidth                    types.Int64  `tfsdk:"bandwidth"`
	MasterZoneID                 types.String `tfsdk:"master_zone_id"`
	SlaveZoneID                  types.String `tfsdk:"slave_zone_id"`

	UID         types.String `tfsdk:"uid"`
	Generation  types.Int64  `tfsdk:"generation"`
	Region      types.String `tfsdk:"region"`
	Adopted     types.Bool   `tfsdk:"adopted"`
	Address     types.String `tfsdk:"address"`
	DNSName     types.String `tfsdk:"dns_name"`
	ListenerIDs types.Map    `tfsdk:"listener_ids"`
}

type zoneModel struct {
	ZoneID    types.String `tfsdk:"zone_id"`
	VSwitchID types.String `tfsdk:"vswitch_id"`
}

type prioritiesModel struct {
	From types.Int64 `tfsdk:"from"`
	To   types.Int64 `tfsdk:"to"`
}

var (
	zoneType       = types.ObjectType{AttrTypes: map[string]attr.Type{"zone_id": types.StringType, "vswitch_id": types.StringType}}
	prioritiesType = types.ObjectType{AttrTypes: map[string]attr.Type{"from": types.Int64Type, "to": types.Int64Type}}
)

func (m *slbIngressModel) ref() kube.Ref {
	return kube.Ref{Kind: kube.SLBIngress, Name: m.Name.ValueString()}
}

func (m *slbIngressModel) kind() v1alpha1.LoadBalancerType {
	return v1alpha1.LoadBalancerType(m.LoadBalancerType.ValueString())
}

// text is what an attribute that may be unknown or null says.
func text[V interface{ ValueString() string }](v V) string { return v.ValueString() }

// settings are those of the load balancer that is wanted. What is unknown is left to the API.
func (m *slbIngressModel) settings(ctx context.Context, diags *diag.Diagnostics) balancer.Settings {
	s := balancer.Settings{
		Name: cmp.Or(text(m.LoadBalancerName), "knative-"+text(m.Name)), AddressType: text(m.AddressType), VPCID: text(m.VPCID), ResourceGroupID: text(m.ResourceGroupID),
		Modification: text(m.ModificationProtectionStatus), Reason: text(m.ModificationProtectionReason),
		ALBSettings: balancer.ALBSettings{Edition: text(m.LoadBalancerEdition), AddressAllocatedMode: text(m.AddressAllocatedMode)},
		CLBSettings: balancer.CLBSettings{
			VSwitchID: text(m.VSwitchID), Spec: text(m.LoadBalancerSpec), InternetChargeType: text(m.InternetChargeType), InstanceChargeType: text(m.InstanceChargeType),
			Bandwidth: int(m.Bandwidth.ValueInt64()), MasterZoneID: text(m.MasterZoneID), SlaveZoneID: text(m.SlaveZoneID),
		},
	}
	if on := text(m.DeleteProtection); on != "" {
		s.Protected = new(on == "on")
	}
	if s.Modification == "NonProtection" {
		s.Reason = ""
	}
	diags.Append(m.Tags.ElementsAs(ctx, &s.Tags, false)...)
	var zones []zoneModel
	diags.Append(m.ZoneMappings.ElementsAs(ctx, &zones, false)...)
	for _, z := range zones {
		s.Zones = append(s.Zones, balancer.Zone{ID: text(z.ZoneID), VSwitchID: text(z.VSwitchID)})
	}
	return s
}

// read takes over what the load balancer is like. Whole says that it was just imported: else tags and zones are taken over as far as
// they are configured.
func (m *slbIngressModel) read(b *balancer.Balancer, whole bool) {
	m.LoadBalancerID, m.Address, m.DNSName = types.StringValue(b.ID), optional(b.Address()), optional(b.DNSName)
	m.LoadBalancerName, m.AddressType, m.VPCID, m.ResourceGroupID = optional(b.Name), optional(b.AddressType), optional(b.VPCID), optional(b.ResourceGroupID)
	m.DeleteProtection = types.StringValue(map[bool]string{true: "on", false: "off"}[*b.Protected])
	m.ModificationProtectionStatus, m.ModificationProtectionReason = optional(b.Modification), optional(b.Reason)
	m.LoadBalancerEdition, m.AddressAllocatedMode = optional(b.Edition), optional(b.AddressAllocatedMode)
	m.VSwitchID, m.LoadBalancerSpec, m.InternetChargeType, m.InstanceChargeType = optional(b.VSwitchID), optional(b.Spec), optional(b.InternetChargeType), optional(b.InstanceChargeType)
	m.MasterZoneID, m.SlaveZoneID, m.Bandwidth = optional(b.MasterZoneID), optional(b.SlaveZoneID), types.Int64Null()
	if b.Bandwidth > 0 {
		m.Bandwidth = types.Int64Value(int64(b.Bandwidth))
	}
	m.PaymentType = types.StringNull()
	if !m.Adopted.ValueBool() {
		m.PaymentType = types.StringValue(payAsYouGo)
		m.Tags = readMap(m.Tags, b.Tags, whole)
		m.readZones(b, whole)
	}
}

// readMap is what a map of tags or labels is like now, as far as its keys are configured; whole takes over all of it.
func readMap(have types.Map, live map[string]string, whole bool) types.Map {
	if have.IsNull() && !whole {
		return have
	}
	before, now := have.Elements(), map[string]attr.Value{}
	for k, v := range live {
		if _, configured := before[k]; configured || whole {
			now[k] = types.StringValue(v)
		}
	}
	if whole && len(now) == 0 {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, now)
}

func (m *slbIngressModel) readZones(b *balancer.Balancer, whole bool) {
	if len(m.ZoneMappings.Elements()) == 0 && !whole || len(b.Zones) == 0 {
		return
	}
	zones := make([]attr.Value, 0, len(b.Zones))
	for _, z := range b.Zones {
		zones = append(zones, types.ObjectValueMust(zoneType.AttrTypes, map[string]attr.Value{"zone_id": types.StringValue(z.ID), "vswitch_id": types.StringValue(z.VSwitchID)}))
	}
	m.ZoneMappings = types.SetValueMust(zoneType, zones)
}

// spec is the SLBIngress that is wanted, with the listeners that are there by their IDs. Listeners that only redirect are not told.
func (m *slbIngressModel) spec(ctx context.Context, there []balancer.Listener, diags *diag.Diagnostics) v1alpha1.SLBIngressSpec {
	s := v1alpha1.SLBIngressSpec{
		LoadBalancerType: m.kind(), LoadBalancerID: text(m.LoadBalancerID), Region: text(m.Region), VPCID: text(m.VPCID), Address: text(m.Address),
		Default: m.Default.ValueBool(),
	}
	for _, l := range m.listeners(ctx, diags) {
		i := slices.IndexFunc(there, func(t balancer.Listener) bool { return t.Port == l.port() && t.Protocol == text(l.Protocol) })
		if !l.ForwardPort.IsNull() || i < 0 {
			continue
		}
		id := there[i].ID
		if m.kind() == v1alpha1.CLB { // by its port, in the API
			id = ""
		}
		s.Listeners = append(s.Listeners, v1alpha1.SLBListener{ID: id, Port: int32(l.port()), Protocol: text(l.Protocol), Visibility: cmp.Or(text(l.Visibility), v1alpha1.VisibilityPublic)}) //nolint:gosec // the schema has it below 65536
	}
	diags.Append(m.Namespaces.ElementsAs(ctx, &s.Namespaces, false)...)
	diags.Append(m.Hosts.ElementsAs(ctx, &s.Hosts, false)...)
	slices.Sort(s.Namespaces)
	slices.Sort(s.Hosts)
	if !m.Priorities.IsNull() {
		var p prioritiesModel
		diags.Append(m.Priorities.As(ctx, &p, objectOptions)...)
		s.Priorities = &v1alpha1.PriorityRange{From: int32(p.From.ValueInt64()), To: int32(p.To.ValueInt64())} //nolint:gosec // the schema has them below 10001
	}
	return s
}

// object is an SLBIngress to apply: what is configured and nothing else, so that nothing else is owned.
func (m *slbIngressModel) object(spec v1alpha1.SLBIngressSpec) (map[string]any, error) {
	metadata := map[string]any{"name": m.Name.ValueString()}
	labels := map[string]any{}
	for k, v := range m.Labels.Elements() {
		if s, ok := v.(types.String); ok {
			labels[k] = s.ValueString()
		}
	}
	if len(labels) > 0 {
		metadata["labels"] = labels
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	err = json.Unmarshal(data, &fields)
	return map[string]any{"metadata": metadata, "spec": fields}, err
}

// readListenerIDs fills listener_ids with those that are there.
func (m *slbIngressModel) readListenerIDs(there []balancer.Listener) {
	ids := map[string]attr.Value{}
	for _, l := range there {
		ids[strconv.Itoa(l.Port)] = types.StringValue(l.ID)
	}
	m.ListenerIDs = types.MapValueMust(types.StringType, ids)
}

// readSpec takes over what the SLBIngress says of the configured fields; all of it of one that was just imported.
func (m *slbIngressModel) readSpec(s v1alpha1.SLBIngressSpec, whole bool) {
	set := func(have *types.Set, live []string) {
		if whole && len(live) == 0 || !whole && have.IsNull() {
			return
		}
		values := make([]attr.Value, 0, len(live))
		for _, v := range live {
			values = append(values, types.StringValue(v))
		}
		*have = types.SetValueMust(types.StringType, values)
	}
	set(&m.Namespaces, s.Namespaces)
	set(&m.Hosts, s.Hosts)
	if !m.Default.IsNull() || whole && s.Default {
		m.Default = types.BoolValue(s.Default)
	}
	switch {
	case s.Priorities == nil:
		m.Priorities = types.ObjectNull(prioritiesType.AttrTypes)
	case !m.Priorities.IsNull() || whole:
		m.Priorities = types.ObjectValueMust(prioritiesType.AttrTypes, map[string]attr.Value{
			"from": types.Int64Value(int64(s.Priorities.From)), "to": types.Int64Value(int64(s.Priorities.To)),
		})
	}
}
