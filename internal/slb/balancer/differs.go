package balancer

import (
	"fmt"
	"slices"
	"strings"
)

// differs tells in which settings a load balancer is another than is wanted that cannot be changed; empty: in none.
func (b *Balancer) differs(want Settings) string {
	var out []string
	for _, s := range []struct{ name, have, want string }{
		{"address_type", b.AddressType, want.AddressType},
		{"vpc_id", b.VPCID, want.VPCID},
		{"resource_group_id", b.ResourceGroupID, want.ResourceGroupID},
		{"load_balancer_edition", b.Edition, want.Edition},
		{"address_allocated_mode", b.AddressAllocatedMode, want.AddressAllocatedMode},
		{"vswitch_id", b.VSwitchID, want.VSwitchID},
		{"load_balancer_spec", b.Spec, want.Spec},
		{"internet_charge_type", b.InternetChargeType, want.InternetChargeType},
		{"instance_charge_type", b.InstanceChargeType, want.InstanceChargeType},
		{"master_zone_id", b.MasterZoneID, want.MasterZoneID},
		{"slave_zone_id", b.SlaveZoneID, want.SlaveZoneID},
	} {
		if s.want != "" && s.have != s.want {
			out = append(out, fmt.Sprintf("%s %q and not %q", s.name, s.have, s.want))
		}
	}
	if want.Bandwidth != 0 && b.Bandwidth != want.Bandwidth {
		out = append(out, fmt.Sprintf("bandwidth %d and not %d", b.Bandwidth, want.Bandwidth))
	}
	if len(want.Zones) > 0 && !sameZones(b.Zones, want.Zones) {
		out = append(out, "other zone_mappings")
	}
	return strings.Join(out, ", ")
}

func sameZones(a, b []Zone) bool {
	byID := func(a, b Zone) int { return strings.Compare(a.ID+a.VSwitchID, b.ID+b.VSwitchID) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), byID), slices.SortedFunc(slices.Values(b), byID))
}

// missing gives the tags that are wanted and not there, or have another value.
func missing(have, want map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range want {
		if has, ok := have[k]; !ok || has != v {
			out[k] = v
		}
	}
	return out
}
