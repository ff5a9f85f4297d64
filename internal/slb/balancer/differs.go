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
		{"address_allocated_mode", b.AddressAllocatedMode, want.AddressAllocatedMode},
		{"vswitch_id", b.VSwitchID, want.VSwitchID},
		{"instance_charge_type", b.InstanceChargeType, want.InstanceChargeType},
		{"master_zone_id", b.MasterZoneID, want.MasterZoneID},
		{"slave_zone_id", b.SlaveZoneID, want.SlaveZoneID},
	} {
		if s.want != "" && s.have != s.want {
			out = append(out, fmt.Sprintf("%s %q and not %q", s.name, s.have, s.want))
		}
	}
	if !Becomes(b.Edition, want.Edition) {
		out = append(out, fmt.Sprintf("load_balancer_edition %q and not %q", b.Edition, want.Edition))
	}
	return strings.Join(out, ", ")
}

// Becomes says whether an ALB of an edition can become one of another, or of any where that is left to the API: nothing becomes Basic.
// Source: document "UpdateLoadBalancerEdition" of ALB.
func Becomes(have, want string) bool {
	return have == want || want != "Basic"
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
