package alb

import (
	"context"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// api are the calls.
type api struct{ *cloud.Client }

func (a api) call(ctx context.Context, action string, in, out any) error {
	return a.Call(ctx, cloud.ALB, action, in, out)
}

// pageSize is how much a page of a list has, at most.
const pageSize = 100

func (a api) balancer(ctx context.Context, id string) (b balancer, err error) {
	err = a.call(ctx, "GetLoadBalancerAttribute", struct {
		ID string `json:"LoadBalancerId"`
	}{id}, &b)
	return b, err
}

// ofBalancer asks for a page of what a load balancer has.
type ofBalancer struct {
	cloud.Page
	IDs []string `json:"LoadBalancerIds"`
}

func (a api) listeners(ctx context.Context, balancer string) ([]listener, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]listener, string, error) {
		var got struct {
			cloud.More
			Items []listener `json:"Listeners"`
		}
		err := a.call(ctx, "ListListeners", ofBalancer{p, []string{balancer}}, &got)
		return got.Items, got.Next, err
	}, pageSize)
}

func (a api) rules(ctx context.Context, balancer string) ([]rule, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]rule, string, error) {
		var got struct {
			cloud.More
			Items []rule `json:"Rules"`
		}
		err := a.call(ctx, "ListRules", ofBalancer{p, []string{balancer}}, &got)
		return got.Items, got.Next, err
	}, pageSize)
}

// groups lists an owner's.
func (a api) groups(ctx context.Context, o slb.Owner) ([]groupInfo, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]groupInfo, string, error) {
		var got struct {
			cloud.More
			Items []groupInfo `json:"ServerGroups"`
		}
		err := a.call(ctx, "ListServerGroups", struct {
			cloud.Page
			Tags      []cloud.Tag `json:"Tag"`
			Relations bool        `json:"ShowRelationEnabled"`
		}{p, deploy.OwnerTags(o), true}, &got)
		return got.Items, got.Next, err
	}, pageSize)
}

func (a api) servers(ctx context.Context, group string) ([]serverItem, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]serverItem, string, error) {
		var got struct {
			cloud.More
			Items []serverItem `json:"Servers"`
		}
		err := a.call(ctx, "ListServerGroupServers", struct {
			cloud.Page
			Group string `json:"ServerGroupId"`
		}{p, group}, &got)
		return got.Items, got.Next, err
	}, pageSize)
}

// made is what most writes answer with.
type made struct {
	Group string `json:"ServerGroupId"`
	Job   string `json:"JobId"`
	Rules []struct {
		ID       string    `json:"RuleId"`
		Priority cloud.Int `json:"Priority"`
	} `json:"RuleIds"`
}

func (a api) createGroup(ctx context.Context, o slb.Owner, g wantedGroup, vpc string) (m made, err error) {
	err = a.call(ctx, "CreateServerGroup", struct {
		Name      string      `json:"ServerGroupName"`
		Type      string      `json:"ServerGroupType"`
		Protocol  string      `json:"Protocol"`
		Scheduler string      `json:"Scheduler"`
		VPC       string      `json:"VpcId"`
		Check     healthCheck `json:"HealthCheckConfig"`
		Tags      []cloud.Tag `json:"Tag"`
	}{deploy.Name(g.Key), "Ip", g.Protocol, "Wrr", vpc, check, deploy.Tags(o, g.Key)}, &m)
	return m, err
}

func (a api) setCheck(ctx context.Context, group string) (m made, err error) {
	err = a.call(ctx, "UpdateServerGroupAttribute", struct {
		ID    string      `json:"ServerGroupId"`
		Check healthCheck `json:"HealthCheckConfig"`
	}{group, check}, &m)
	return m, err
}

func (a api) deleteGroup(ctx context.Context, id string) (m made, err error) {
	err = a.call(ctx, "DeleteServerGroup", struct {
		ID string `json:"ServerGroupId"`
	}{id}, &m)
	return m, err
}

// changeServers adds and removes servers in one call.
func (a api) changeServers(ctx context.Context, group string, add, remove []serverItem) (m made, err error) {
	type one struct {
		Group   string       `json:"ServerGroupId"`
		Servers []serverItem `json:"Servers"`
	}
	switch {
	case len(remove) == 0:
		err = a.call(ctx, "AddServersToServerGroup", one{group, add}, &m)
	case len(add) == 0:
		err = a.call(ctx, "RemoveServersFromServerGroup", one{group, remove}, &m)
	default:
		err = a.call(ctx, "ReplaceServersInServerGroup", struct {
			Group  string       `json:"ServerGroupId"`
			Add    []serverItem `json:"AddedServers"`
			Remove []serverItem `json:"RemovedServers"`
		}{group, add, remove}, &m)
	}
	return m, err
}

func (a api) weighServers(ctx context.Context, group string, servers []serverItem) (m made, err error) {
	err = a.call(ctx, "UpdateServerGroupServersAttribute", struct {
		Group   string       `json:"ServerGroupId"`
		Servers []serverItem `json:"Servers"`
	}{group, servers}, &m)
	return m, err
}

func (a api) createRules(ctx context.Context, listener string, rules []rule) (m made, err error) {
	err = a.call(ctx, "CreateRules", struct {
		Listener string `json:"ListenerId"`
		Rules    []rule `json:"Rules" send:"body"`
	}{listener, rules}, &m)
	return m, err
}

func (a api) updateRules(ctx context.Context, rules []rule) (m made, err error) {
	err = a.call(ctx, "UpdateRulesAttribute", struct {
		Rules []rule `json:"Rules" send:"body"`
	}{rules}, &m)
	return m, err
}

func (a api) deleteRules(ctx context.Context, ids []string) (m made, err error) {
	err = a.call(ctx, "DeleteRules", struct {
		IDs []string `json:"RuleIds"`
	}{ids}, &m)
	return m, err
}
