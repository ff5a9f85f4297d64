package balancer

import (
	"context"
	"maps"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

func sorted(tags map[string]string) []cloud.Tag {
	var out []cloud.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, cloud.Tag{Key: k, Value: tags[k]})
	}
	return out
}

// split gives the value of our tag, and the others.
func split(tags []cloud.Tag) (owner string, others map[string]string) {
	others = map[string]string{}
	for _, t := range tags {
		if t.Key == OwnerTag {
			owner = t.Value
		} else {
			others[t.Key] = t.Value
		}
	}
	return owner, others
}

// retag changes tags of a load balancer: those that are wanted, and those that are no more. Ours and those of others stay.
func retag(ctx context.Context, c Caller, p cloud.Product, kind string, have *Balancer, want Settings, untag []string) error {
	type tags struct {
		Kind string      `json:"ResourceType"`
		IDs  []string    `json:"ResourceId"`
		Tags []cloud.Tag `json:"Tag"`
		Keys []string    `json:"TagKey"`
	}
	if more := missing(have.Tags, want.Tags); len(more) > 0 {
		if err := c.Call(ctx, p, "TagResources", tags{Kind: kind, IDs: []string{have.ID}, Tags: sorted(more)}, nil); err != nil {
			return err
		}
	}
	untag = slices.DeleteFunc(slices.Clone(untag), func(key string) bool {
		_, wanted := want.Tags[key]
		_, has := have.Tags[key]
		return wanted || !has
	})
	if len(untag) == 0 {
		return nil
	}
	action := "UntagResources"
	if p == cloud.ALB {
		action = "UnTagResources"
	}
	return c.Call(ctx, p, action, tags{Kind: kind, IDs: []string{have.ID}, Keys: untag}, nil)
}
