package slbsim

import (
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albState is all that an account has of ALB in the region.
type albState struct {
	balancers store[*albBalancer]
	listeners store[*albListener]
	rules     store[*albRule]
	groups    store[*albGroup]
}

// reply is an answer's fields.
type reply map[string]any

// albDialect is how ALB words what is wrong (document "Error codes" of ALB).
var albDialect = wire.Dialect{
	Missing: func(name string) *wire.Error {
		return wire.Refuse("MissingParam."+name, "The param of %s is missing.", name)
	},
	Illegal: func(name string) *wire.Error {
		return wire.Refuse("IllegalParam."+name, "The param of %s is illegal.", name)
	},
}

func albIllegal(name, format string, args ...any) *wire.Error {
	e := albDialect.Illegal(name)
	e.Message += " " + wire.Refuse("", format, args...).Message
	return e
}

func albDuplicate(name string) *wire.Error {
	return wire.Refuse("DuplicatedParam."+name, "The param of %s is duplicated.", name)
}

func albNotFound(kind, id string) *wire.Error {
	return wire.NotFound("ResourceNotFound."+kind, "The specified resource %s is not found.", id)
}

func albInUse(kind, id string) *wire.Error {
	return wire.Refuse("ResourceInUse."+kind, "The specified resource %s %s is in use.", kind, id)
}

// albSteady refuses a change to a resource that is not in one of its steady states.
func albSteady(kind, status string, steady ...string) error {
	if len(steady) > 0 && !among(steady, status) {
		return wire.Refuse("IncorrectStatus."+kind, "The status of %s [%s] is incorrect.", kind, status)
	}
	return nil
}

func albMismatch(what, format string, args ...any) *wire.Error {
	return wire.Refuse("Mismatch."+what, format, args...)
}

func (s *Sim) albProduct() wire.Product {
	return wire.Product{Name: "alb", Version: "2020-06-16", Dialect: albDialect, Actions: []wire.Action{
		wire.Read("DescribeRegions", s.albRegions),
		wire.Read("DescribeZones", s.albZones),

		wire.Write("CreateLoadBalancer", s.albCreateBalancer),
		wire.Read("GetLoadBalancerAttribute", s.albGetBalancer),
		wire.Read("ListLoadBalancers", s.albListBalancers),
		wire.Write("UpdateLoadBalancerAttribute", s.albUpdateBalancer),
		wire.Write("UpdateLoadBalancerEdition", s.albUpdateEdition),
		wire.Write("UpdateLoadBalancerZones", s.albUpdateZones),
		wire.Write("DeleteLoadBalancer", s.albDeleteBalancer),
		wire.Write("EnableDeletionProtection", s.albProtect(true)),
		wire.Write("DisableDeletionProtection", s.albProtect(false)),

		wire.Write("CreateListener", s.albCreateListener),
		wire.Read("GetListenerAttribute", s.albGetListener),
		wire.Read("ListListeners", s.albListListeners),
		wire.Write("UpdateListenerAttribute", s.albUpdateListener),
		wire.Write("StartListener", s.albRunListener(true)),
		wire.Write("StopListener", s.albRunListener(false)),
		wire.Write("DeleteListener", s.albDeleteListener),
		wire.Read("ListListenerCertificates", s.albListCertificates),
		wire.Write("AssociateAdditionalCertificatesWithListener", s.albAddCertificates),
		wire.Write("DissociateAdditionalCertificatesFromListener", s.albDropCertificates),
		wire.Read("GetListenerHealthStatus", s.albHealth),

		wire.Write("CreateRule", s.albCreateRule),
		wire.Write("CreateRules", s.albCreateRules),
		wire.Read("ListRules", s.albListRules),
		wire.Write("UpdateRuleAttribute", s.albUpdateRule),
		wire.Write("UpdateRulesAttribute", s.albUpdateRules),
		wire.Write("DeleteRule", s.albDeleteRule),
		wire.Write("DeleteRules", s.albDeleteRules),

		wire.Write("CreateServerGroup", s.albCreateGroup),
		wire.Read("ListServerGroups", s.albListGroups),
		wire.Write("UpdateServerGroupAttribute", s.albUpdateGroup),
		wire.Write("DeleteServerGroup", s.albDeleteGroup),
		wire.Read("ListServerGroupServers", s.albListServers),
		wire.Write("AddServersToServerGroup", s.albAddServers),
		wire.Write("RemoveServersFromServerGroup", s.albRemoveServers),
		wire.Write("ReplaceServersInServerGroup", s.albReplaceServers),
		wire.Write("UpdateServerGroupServersAttribute", s.albUpdateServers),

		wire.Plain("TagResources", s.albTag),
		wire.Plain("UnTagResources", s.albUntag),
		wire.Read("ListTagResources", s.albListTags),
		wire.Read("ListAsynJobs", s.albJobs),
	}}
}

type nothing struct{}

func (s *Sim) albRegions(*wire.Call, nothing) (any, error) {
	return reply{"Regions": []reply{{"RegionId": s.opts.Region, "LocalName": s.opts.Region, "RegionEndpoint": "alb." + s.opts.Region + ".aliyuncs.com"}}}, nil
}

func (s *Sim) albZones(*wire.Call, nothing) (any, error) {
	zones := []reply{}
	for _, zone := range s.net.zones() {
		zones = append(zones, reply{"ZoneId": zone, "LocalName": zone})
	}
	return reply{"Zones": zones}, nil
}
