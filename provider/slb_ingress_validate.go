package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/balancer"
)

// ValidateConfig refuses what does not fit together, with no cluster and no cloud.
func (r *slbIngressResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m slbIngressModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if m.LoadBalancerType.IsNull() {
		m.LoadBalancerType = types.StringValue(string(v1alpha1.ALB))
	}
	if problems := validation.IsDNS1123Subdomain(text(m.Name)); len(problems) > 0 && fullyKnown(m.Name) {
		addErrorAt(&resp.Diagnostics, path.Root("name"), "Not a name", strings.Join(problems, "; ")+".")
	}
	if !m.LoadBalancerType.IsUnknown() {
		m.validateBalancer(&resp.Diagnostics)
	}
	m.validateTags(&resp.Diagnostics)
	m.validateZones(ctx, &resp.Diagnostics)
	if !fullyKnown(m.Listeners, m.LoadBalancerType) {
		return // dynamic blocks: the apply checks them
	}
	m.validateListeners(ctx, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		m.validateSpec(ctx, &resp.Diagnostics)
	}
}

// setting is an attribute of the load balancer itself.
type setting struct {
	name  string
	value attr.Value
	only  v1alpha1.LoadBalancerType // empty: both have it
}

func (m *slbIngressModel) settingList() []setting {
	return []setting{
		{"load_balancer_name", m.LoadBalancerName, ""}, {"delete_protection", m.DeleteProtection, ""}, {"tags", m.Tags, ""},
		{"modification_protection_status", m.ModificationProtectionStatus, ""}, {"modification_protection_reason", m.ModificationProtectionReason, ""},
		{"address_type", m.AddressType, ""}, {"resource_group_id", m.ResourceGroupID, ""}, {"payment_type", m.PaymentType, ""}, {"vpc_id", m.VPCID, ""},
		{"load_balancer_edition", m.LoadBalancerEdition, v1alpha1.ALB}, {"address_allocated_mode", m.AddressAllocatedMode, v1alpha1.ALB},
		{"zone_mappings", m.ZoneMappings, v1alpha1.ALB},
		{"vswitch_id", m.VSwitchID, v1alpha1.CLB}, {"load_balancer_spec", m.LoadBalancerSpec, v1alpha1.CLB}, {"bandwidth", m.Bandwidth, v1alpha1.CLB},
		{"internet_charge_type", m.InternetChargeType, v1alpha1.CLB}, {"instance_charge_type", m.InstanceChargeType, v1alpha1.CLB},
		{"master_zone_id", m.MasterZoneID, v1alpha1.CLB}, {"slave_zone_id", m.SlaveZoneID, v1alpha1.CLB},
	}
}

// validateBalancer holds the settings to the type of the load balancer, and to whether it is made or adopted:
//
//	load_balancer_id  settings of the other type  settings of its own  those that it cannot be made without
//	is written        refused                     refused              –
//	is not            refused                     fine                 demanded
func (m *slbIngressModel) validateBalancer(diags *diag.Diagnostics) {
	for _, s := range m.settingList() {
		set, isSet := s.value.(types.Set)
		if s.value.IsNull() || isSet && !set.IsUnknown() && len(set.Elements()) == 0 {
			continue
		}
		switch {
		case s.only != "" && s.only != m.kind():
			addErrorAt(diags, path.Root(s.name), "Not of this load balancer", fmt.Sprintf("%s is for %s, and load_balancer_type is %s.", s.name, s.only, m.kind()))
		case !m.LoadBalancerID.IsNull():
			addErrorAt(diags, path.Root(s.name), "Not of an adopted load balancer", fmt.Sprintf("%s is a setting of a load balancer that is made here, and load_balancer_id adopts one: its settings are left to whoever made it. Leave one of the two out.", s.name))
		}
	}
	types := map[v1alpha1.LoadBalancerType][]string{v1alpha1.ALB: {"Internet", "Intranet"}, v1alpha1.CLB: {"internet", "intranet"}}[m.kind()]
	if !m.AddressType.IsNull() && !m.AddressType.IsUnknown() && !slices.Contains(types, text(m.AddressType)) {
		addErrorAt(diags, path.Root("address_type"), "Not an address type", fmt.Sprintf("%q is written; a load_balancer_type %s has %s.", text(m.AddressType), m.kind(), strings.Join(types, " or ")))
	}
	if text(m.ModificationProtectionStatus) != "ConsoleProtection" && !m.ModificationProtectionReason.IsNull() && !m.ModificationProtectionStatus.IsUnknown() {
		addErrorAt(diags, path.Root("modification_protection_reason"), "Nothing is protected", "modification_protection_reason says why modification_protection_status is ConsoleProtection, and it is not.")
	}
	if m.LoadBalancerID.IsNull() {
		m.demand(diags)
	}
}

// demand asks for what a load balancer cannot be made without.
func (m *slbIngressModel) demand(diags *diag.Diagnostics) {
	need := func(name string, v attr.Value, why string) {
		if v.IsNull() {
			addErrorAt(diags, path.Root(name), "Missing "+name, fmt.Sprintf("%s is not written, and %s. To adopt a load balancer that is there, write load_balancer_id.", name, why))
		}
	}
	need("address_type", m.AddressType, "whether the load balancer is open to the internet is not left to chance")
	switch m.kind() {
	case v1alpha1.ALB:
		need("vpc_id", m.VPCID, "an ALB is in a VPC")
		if !m.ZoneMappings.IsUnknown() && len(m.ZoneMappings.Elements()) < 2 {
			addErrorAt(diags, path.Root("zone_mappings"), "Too few zones", fmt.Sprintf("%d zone_mappings are written, and an ALB works in two zones or more. To adopt a load balancer that is there, write load_balancer_id.", len(m.ZoneMappings.Elements())))
		}
	case v1alpha1.CLB:
		if text(m.AddressType) == "intranet" {
			need("vswitch_id", m.VSwitchID, "a CLB with an intranet address is in a vSwitch")
			m.refuseInternet(diags)
		}
	}
}

// refuseInternet refuses what only a load balancer on the internet has.
func (m *slbIngressModel) refuseInternet(diags *diag.Diagnostics) {
	for _, s := range []setting{{name: "internet_charge_type", value: m.InternetChargeType}, {name: "bandwidth", value: m.Bandwidth}} {
		if !s.value.IsNull() {
			addErrorAt(diags, path.Root(s.name), "Not on the internet", fmt.Sprintf("%s is about traffic from the internet, and address_type is \"intranet\". Leave %s out.", s.name, s.name))
		}
	}
}

var reservedTag = regexp.MustCompile(`^(aliyun|acs:|https?://)`)

func (m *slbIngressModel) validateTags(diags *diag.Diagnostics) {
	if m.Tags.IsUnknown() {
		return
	}
	for key, v := range m.Tags.Elements() {
		at := path.Root("tags").AtMapKey(key)
		value, _ := v.(types.String)
		switch {
		case key == balancer.OwnerTag:
			addErrorAt(diags, at, "Not your tag", "By this tag the load balancer is found again; it is written by itself. Choose another key.")
		case len(key) == 0 || len(key) > 128 || reservedTag.MatchString(key):
			addErrorAt(diags, at, "Not a tag", "A key has 1 to 128 characters, and does not begin with aliyun, acs:, http:// or https://.")
		case len(value.ValueString()) > 128:
			addErrorAt(diags, at, "Not a tag", "A value has at most 128 characters.")
		}
	}
}

func (m *slbIngressModel) validateZones(ctx context.Context, diags *diag.Diagnostics) {
	if !fullyKnown(m.ZoneMappings) {
		return
	}
	var zones []zoneModel
	diags.Append(m.ZoneMappings.ElementsAs(ctx, &zones, false)...)
	seen := map[string]bool{}
	for _, z := range zones {
		if seen[text(z.ZoneID)] {
			addErrorAt(diags, path.Root("zone_mappings"), "A zone twice", fmt.Sprintf("%s has two vSwitches. A zone is written once.", text(z.ZoneID)))
		}
		seen[text(z.ZoneID)] = true
	}
}

// validateSpec holds the binding to what the guard's admission holds it to.
func (m *slbIngressModel) validateSpec(ctx context.Context, diags *diag.Diagnostics) {
	const later = "later" // IDs are the apply's to find out
	told := *m
	told.LoadBalancerID = types.StringValue(later)
	for _, v := range []*types.Set{&told.Namespaces, &told.Hosts} {
		if !fullyKnown(*v) {
			*v = types.SetNull(types.StringType)
		}
	}
	if !fullyKnown(told.Priorities) {
		told.Priorities = types.ObjectNull(prioritiesType.AttrTypes)
	}
	if !told.Priorities.IsNull() {
		var p prioritiesModel
		diags.Append(told.Priorities.As(ctx, &p, objectOptions)...)
		if p.From.IsNull() || p.To.IsNull() {
			addErrorAt(diags, path.Root("priorities"), "Half a range", "priorities has both from and to.")
			return
		}
	}
	there := told.wanted(ctx, diags)
	for i := range there {
		there[i].ID = later
	}
	spec := told.spec(ctx, there, diags)
	for _, bad := range spec.Validate() {
		addErrorAt(diags, slbPath(bad.Field), "Refused by the guard's validation", bad.ErrorBody()+" (in the API: "+bad.Field+").")
	}
}

// slbPath gives the attribute that stands for a path in the API. Sets have no indexes, and the listeners are checked before.
func slbPath(api string) path.Path {
	name, rest, _ := strings.Cut(strings.TrimPrefix(api, "spec."), ".")
	name, _, _ = strings.Cut(name, "[")
	switch name {
	case "listeners":
		return path.Root("listener")
	case "priorities":
		if rest != "" {
			return path.Root(name).AtName(rest)
		}
	}
	return path.Root(name)
}
