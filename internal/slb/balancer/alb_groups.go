package balancer

import (
	"context"
	"fmt"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// albGroup is a server group in the API's words.
type albGroup struct {
	ID     string `json:"ServerGroupId"`
	Status string `json:"ServerGroupStatus"`
	VPCID  string `json:"VpcId"`
}

// groups are the owner's.
func (a *alb) groups(ctx context.Context) ([]albGroup, error) {
	return cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]albGroup, string, error) {
		in := struct {
			cloud.Page
			Tags []cloud.Tag `json:"Tag"`
		}{p, a.tags(nil)}
		var out struct {
			cloud.More
			Items []albGroup `json:"ServerGroups"`
		}
		err := a.call(ctx, "ListServerGroups", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
}

// group takes the owner's group of the load balancer's VPC. Should a reply be lost for good and the list be late, there is one group
// too many for a while: it has no servers, costs nothing, and goes with the others.
func (a *alb) group(ctx context.Context, b *Balancer) (string, error) {
	id, err := a.groupIn(ctx, b.VPCID)
	if err != nil || id != "" {
		return id, err
	}
	in := struct {
		Name   string      `json:"ServerGroupName"`
		Type   string      `json:"ServerGroupType"`
		VPCID  string      `json:"VpcId"`
		Health bool        `json:"HealthCheckConfig.HealthCheckEnabled" send:"always"`
		Tags   []cloud.Tag `json:"Tag"`
	}{groupName(a.owner), "Ip", b.VPCID, false, a.tags(nil)}
	var made struct {
		albGroup
		albJob
	}
	if err := a.call(ctx, "CreateServerGroup", in, &made); err != nil {
		return "", err
	}
	return made.albGroup.ID, a.done(ctx, "CreateServerGroup", made.albJob)
}

// groupIn finds the owner's group of a VPC, when it can be used.
func (a *alb) groupIn(ctx context.Context, vpc string) (id string, err error) {
	err = a.until(ctx, "server group of "+a.owner.Name, func() (bool, string, error) {
		groups, err := a.groups(ctx)
		for _, g := range groups {
			if g.VPCID == vpc && g.Status != "Deleting" {
				id = g.ID
				return g.Status == "Available", g.Status, nil
			}
		}
		id = ""
		return err == nil, "", err
	})
	return id, err
}

// groupName is at most 80 letters, for CLB.
func groupName(o Owner) string {
	return fmt.Sprintf("knative-empty-%.64s", o.Name)
}

func (a *alb) dropGroups(ctx context.Context, _ string) error {
	groups, err := a.groups(ctx)
	for _, g := range groups {
		if err == nil {
			err = a.write(ctx, "DeleteServerGroup", struct {
				ID string `json:"ServerGroupId"`
			}{g.ID})
		}
		if cloud.IsGone(err) {
			err = nil
		}
	}
	return err
}
