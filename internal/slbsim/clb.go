package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbState is all that an account has of CLB in the region. A change is answered when it is made, and then the instance, or
// the server group, is configuring for the time of a job, and cannot be changed; only after it does traffic follow.
type clbState struct {
	balancers store[*clbBalancer]
	groups    store[*clbGroup]
	rules     store[*clbRule]
}

// clbKind marks the jobs of CLB, which no API shows.
const clbKind = "clb"

func (s *Sim) clbProduct() wire.Product {
	return wire.Product{Name: "slb", Version: "2014-05-15", Dialect: wire.Classic, Actions: []wire.Action{
		wire.Read("DescribeZones", s.clbZones),

		wire.Write("CreateLoadBalancer", s.clbCreateBalancer),
		wire.Read("DescribeLoadBalancerAttribute", s.clbGetBalancer),
		wire.Read("DescribeLoadBalancers", s.clbListBalancers),
		wire.Plain("SetLoadBalancerName", s.clbRename),
		wire.Plain("SetLoadBalancerDeleteProtection", s.clbProtect),
		wire.Plain("SetLoadBalancerModificationProtection", s.clbProtectChanges),
		wire.Plain("ModifyLoadBalancerInternetSpec", s.clbChangeInternet),
		wire.Plain("ModifyLoadBalancerInstanceSpec", s.clbChangeSpec),
		wire.Plain("DeleteLoadBalancer", s.clbDeleteBalancer),

		wire.Bare("CreateLoadBalancerHTTPListener", s.clbCreateListener(plane.HTTP)),
		wire.Bare("CreateLoadBalancerHTTPSListener", s.clbCreateListener(plane.HTTPS)),
		wire.Bare("CreateLoadBalancerTCPListener", s.clbCreateListener(plane.TCP)),
		wire.Bare("SetLoadBalancerHTTPListenerAttribute", s.clbSetListener(plane.HTTP)),
		wire.Bare("SetLoadBalancerHTTPSListenerAttribute", s.clbSetListener(plane.HTTPS)),
		wire.Bare("SetLoadBalancerTCPListenerAttribute", s.clbSetListener(plane.TCP)),
		wire.Read("DescribeLoadBalancerHTTPListenerAttribute", s.clbGetListener(plane.HTTP)),
		wire.Read("DescribeLoadBalancerHTTPSListenerAttribute", s.clbGetListener(plane.HTTPS)),
		wire.Read("DescribeLoadBalancerTCPListenerAttribute", s.clbGetListener(plane.TCP)),
		wire.Read("DescribeLoadBalancerListeners", s.clbListListeners),
		wire.Plain("StartLoadBalancerListener", s.clbStart),
		wire.Plain("StopLoadBalancerListener", s.clbStop),
		wire.Plain("DeleteLoadBalancerListener", s.clbDeleteListener),

		wire.Plain("CreateVServerGroup", s.clbCreateGroup),
		wire.Read("DescribeVServerGroups", s.clbListGroups),
		wire.Read("DescribeVServerGroupAttribute", s.clbGetGroup),
		wire.Plain("AddVServerGroupBackendServers", s.clbAddServers),
		wire.Plain("RemoveVServerGroupBackendServers", s.clbRemoveServers),
		wire.Plain("ModifyVServerGroupBackendServers", s.clbReplaceServers),
		wire.Plain("SetVServerGroupAttribute", s.clbSetGroup),
		wire.Plain("DeleteVServerGroup", s.clbDeleteGroup),
		wire.Plain("AddBackendServers", s.clbAddDefault),
		wire.Plain("SetBackendServers", s.clbSetDefault),
		wire.Plain("RemoveBackendServers", s.clbRemoveDefault),
		wire.Read("DescribeHealthStatus", s.clbHealth),

		wire.Plain("CreateRules", s.clbCreateRules),
		wire.Read("DescribeRules", s.clbListRules),
		wire.Read("DescribeRuleAttribute", s.clbGetRule),
		wire.Plain("SetRule", s.clbSetRule),
		wire.Plain("DeleteRules", s.clbDeleteRules),

		wire.Plain("UploadServerCertificate", s.clbUpload),
		wire.Read("DescribeServerCertificates", s.clbListCertificates),
		wire.Plain("SetServerCertificateName", s.clbRenameCertificate),
		wire.Plain("DeleteServerCertificate", s.clbDeleteCertificate),
		wire.Plain("CreateDomainExtension", s.clbCreateExtension),
		wire.Read("DescribeDomainExtensions", s.clbListExtensions),
		wire.Plain("SetDomainExtensionAttribute", s.clbSetExtension),
		wire.Plain("DeleteDomainExtension", s.clbDeleteExtension),

		wire.Plain("TagResources", s.clbTag),
		wire.Plain("UntagResources", s.clbUntag),
		wire.Read("ListTagResources", s.clbListTags),
		wire.Plain("AddTags", s.clbAddTags),
		wire.Plain("RemoveTags", s.clbRemoveTags),
	}}
}

func clbConfiguring() *wire.Error {
	return wire.Refuse("ServiceIsConfiguring", "The specified server load balancer is configuring.")
}

func clbQuota(what string, used, limit int) *wire.Error {
	return wire.Refuse("QuotaExceeded", "The quota of %s is exceeded, usage %d/%d.", what, used, limit) // the code is [U]
}

// job lets an instance, or a group of it, be configuring until it is over, and then lets traffic follow.
func (s *Sim) clbJob(c *wire.Call, b *clbBalancer, busy *bool, then func()) {
	*busy = true
	over := func() {
		*busy = false
		then()
		s.clbSetFronts(b)
	}
	s.start(c, clbKind, b.ID, over, over)
}

func (s *Sim) clbZones(*wire.Call, nothing) (any, error) {
	zones := []reply{}
	for _, zone := range s.net.zones() {
		var slaves []reply
		for _, other := range s.net.zones() {
			if other != zone {
				slaves = append(slaves, reply{"ZoneId": other, "LocalName": other})
			}
		}
		zones = append(zones, reply{"ZoneId": zone, "LocalName": zone, "SlaveZones": reply{"SlaveZone": slaves}})
	}
	return reply{"Zones": reply{"Zone": zones}}, nil
}

func (c *clbState) close() {
	for _, b := range c.balancers.all() {
		for _, l := range b.listeners {
			l.shut()
		}
	}
	for _, r := range c.rules.all() {
		r.drop()
	}
}

func (c *clbState) endpoint(id string, port int) string {
	if b := c.balancers.byID[id]; b != nil && b.listeners[port] != nil {
		return b.listeners[port].front.Address()
	}
	return ""
}
