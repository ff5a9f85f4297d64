package balancer

import (
	"context"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

type clbGroup struct {
	ID   string  `json:"VServerGroupId"`
	Name string  `json:"VServerGroupName"`
	Tags clbTags `json:"Tags"`
}

func (c *clb) groups(ctx context.Context, balancer string) ([]clbGroup, error) {
	in := struct {
		clbID
		Tags []cloud.Tag `json:"Tag"`
	}{clbID{balancer}, c.tags(nil)}
	var out struct {
		Groups struct {
			Items []clbGroup `json:"VServerGroup"`
		} `json:"VServerGroups"`
	}
	err := c.call(ctx, "DescribeVServerGroups", in, &out)
	if cloud.IsGone(err) { // the load balancer is gone, and its groups with it
		return nil, nil
	}
	return out.Groups.Items, err
}

func (c *clb) group(ctx context.Context, b *Balancer) (string, error) {
	find := func(ctx context.Context) (string, error) {
		found, err := c.groups(ctx, b.ID)
		if err != nil || len(found) == 0 {
			return "", err
		}
		return found[0].ID, nil
	}
	if id, err := find(ctx); err != nil || id != "" {
		return id, err
	}
	return cloud.Once(ctx, find, func(ctx context.Context) (string, error) {
		in := struct {
			clbID
			Name string      `json:"VServerGroupName"`
			Tags []cloud.Tag `json:"Tag"`
		}{clbID{b.ID}, groupName(c.owner), c.tags(nil)}
		var out clbGroup
		err := c.call(ctx, "CreateVServerGroup", in, &out)
		return out.ID, err
	})
}

func (c *clb) dropGroups(ctx context.Context, balancer string) error {
	found, err := c.groups(ctx, balancer)
	for _, g := range found {
		if err == nil {
			err = c.call(ctx, "DeleteVServerGroup", struct {
				ID string `json:"VServerGroupId"`
			}{g.ID}, nil)
		}
		if cloud.IsGone(err) {
			err = nil
		}
	}
	return err
}
