package clb

import (
	"context"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// api are the calls.
type api struct{ *cloud.Client }

func (a api) call(ctx context.Context, action string, in, out any) error {
	return a.Call(ctx, cloud.CLB, action, in, out)
}

type balancerID struct {
	ID string `json:"LoadBalancerId"`
}

func (a api) vpc(ctx context.Context, balancer string) (string, error) {
	var got struct {
		VPC string `json:"VpcId"`
	}
	err := a.call(ctx, "DescribeLoadBalancerAttribute", balancerID{balancer}, &got)
	return got.VPC, err
}

func (a api) listeners(ctx context.Context, balancer string) ([]listener, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]listener, string, error) {
		var got struct {
			cloud.More
			Items []listener `json:"Listeners"`
		}
		err := a.call(ctx, "DescribeLoadBalancerListeners", struct {
			cloud.Page
			IDs []string `json:"LoadBalancerId"`
		}{p, []string{balancer}}, &got)
		return got.Items, got.Next, err
	}, 100)
}

func (a api) rules(ctx context.Context, balancer string, l listener) ([]rule, error) {
	var got struct {
		Rules struct {
			All []rule `json:"Rule"`
		} `json:"Rules"`
	}
	err := a.call(ctx, "DescribeRules", struct {
		ID       string    `json:"LoadBalancerId"`
		Port     cloud.Int `json:"ListenerPort"`
		Protocol string    `json:"ListenerProtocol"`
	}{balancer, l.Port, strings.ToLower(l.Protocol)}, &got)
	for i := range got.Rules.All {
		got.Rules.All[i].Port = int(l.Port)
	}
	return got.Rules.All, err
}

// groups lists an owner's.
func (a api) groups(ctx context.Context, balancer string, o slb.Owner) ([]groupInfo, error) {
	var got struct {
		Groups struct {
			All []groupInfo `json:"VServerGroup"`
		} `json:"VServerGroups"`
	}
	err := a.call(ctx, "DescribeVServerGroups", struct {
		balancerID
		Tags      []cloud.Tag `json:"Tag"`
		Rules     bool        `json:"IncludeRule"`
		Listeners bool        `json:"IncludeListener"`
	}{balancerID{balancer}, deploy.OwnerTags(o), true, true}, &got)
	return got.Groups.All, err
}

type groupID struct {
	ID string `json:"VServerGroupId"`
}

func (a api) servers(ctx context.Context, group string) ([]serverItem, error) {
	var got struct {
		Servers struct {
			All []serverItem `json:"BackendServer"`
		} `json:"BackendServers"`
	}
	err := a.call(ctx, "DescribeVServerGroupAttribute", groupID{group}, &got)
	return got.Servers.All, err
}

func (a api) createGroup(ctx context.Context, balancer, name string, servers []serverItem, tags []cloud.Tag) (string, error) {
	in := struct {
		balancerID
		Name    string      `json:"VServerGroupName"`
		Servers string      `json:"BackendServers"`
		Tags    []cloud.Tag `json:"Tag"`
	}{balancerID{balancer}, name, "", tags}
	if len(servers) > 0 {
		in.Servers = asJSON(servers)
	}
	var got groupID
	err := a.call(ctx, "CreateVServerGroup", in, &got)
	return got.ID, err
}

// changeServers adds, removes, or weighs servers, by the action.
func (a api) changeServers(ctx context.Context, action, group string, servers []serverItem) error {
	return a.call(ctx, action, struct {
		groupID
		Servers string `json:"BackendServers"`
	}{groupID{group}, asJSON(servers)}, nil)
}

// Actions of changeServers.
const (
	addServers    = "AddVServerGroupBackendServers"
	removeServers = "RemoveVServerGroupBackendServers"
	weighServers  = "SetVServerGroupAttribute"
)

func (a api) deleteGroup(ctx context.Context, id string) error {
	return a.call(ctx, "DeleteVServerGroup", groupID{id}, nil)
}

func (a api) createRules(ctx context.Context, balancer string, f front, rules []newRule) ([]rule, error) {
	var got struct {
		Rules struct {
			All []rule `json:"Rule"`
		} `json:"Rules"`
	}
	err := a.call(ctx, "CreateRules", struct {
		balancerID
		Port     int    `json:"ListenerPort"`
		Protocol string `json:"ListenerProtocol"`
		Rules    string `json:"RuleList"`
	}{balancerID{balancer}, f.Port, strings.ToLower(f.Protocol), asJSON(rules)}, &got)
	return got.Rules.All, err
}

func (a api) setRule(ctx context.Context, id, group string) error {
	return a.call(ctx, "SetRule", struct {
		ID    string `json:"RuleId"`
		Group string `json:"VServerGroupId"`
	}{id, group}, nil)
}

func (a api) deleteRules(ctx context.Context, ids []string) error {
	return a.call(ctx, "DeleteRules", struct {
		IDs string `json:"RuleIds"`
	}{asJSON(ids)}, nil)
}
