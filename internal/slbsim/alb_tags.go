package slbsim

import (
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// albTagsOf finds the tags of a resource.
func (s *Sim) albTagsOf(kind, id string) (*tags, error) {
	switch kind {
	case "loadbalancer":
		if b, ok := s.alb.balancers.byID[id]; ok {
			return &b.Tags, nil
		}
	case "servergroup":
		if g, ok := s.alb.groups.byID[id]; ok {
			return &g.Tags, nil
		}
	case "listener":
		if l, ok := s.alb.listeners.byID[id]; ok {
			return &l.Tags, nil
		}
	case "rule":
		if r, ok := s.alb.rules.byID[id]; ok {
			return &r.Tags, nil
		}
	}
	return nil, albNotFound(kind, id)
}

type albTagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string `json:"ResourceId" check:"required,1..50"`
	Tags tags     `json:"Tag" check:"required,1..20"`
}

func (s *Sim) albTag(_ *wire.Call, p albTagParams) (func() any, error) {
	return addTags(s.albTagsOf, p.Kind, p.IDs, p.Tags, func(used int) error {
		return albQuota("TagsPerResource", "tags of a resource", used, maxTags)
	})
}

type albUntagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string `json:"ResourceId" check:"required,1..50"`
	Keys []string `json:"TagKey" check:"0..20"`
	Tags tags     `json:"Tag" check:"0..20"`
	All  bool     `json:"All"`
}

func (s *Sim) albUntag(_ *wire.Call, p albUntagParams) (func() any, error) {
	if !p.All && len(p.Keys)+len(p.Tags) == 0 {
		return nil, albDialect.Missing("TagKey")
	}
	all := len(p.Keys)+len(p.Tags) == 0
	return dropTags(s.albTagsOf, p.Kind, p.IDs, func(o tag) bool {
		return all || slices.Contains(p.Keys, o.Key) || slices.Contains(p.Tags, o)
	})
}

type albListTagsParams struct {
	tokenPage
	Kind string      `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string    `json:"ResourceId" check:"0..50"`
	Tags []tagFilter `json:"Tag" check:"0..20"`
}

func (s *Sim) albListTags(_ *wire.Call, p albListTagsParams) (any, error) {
	ids := p.IDs
	if len(ids) == 0 {
		ids = map[string][]string{
			"loadbalancer": s.alb.balancers.order, "servergroup": s.alb.groups.order,
			"listener": s.alb.listeners.order, "rule": s.alb.rules.order,
		}[p.Kind]
	}
	all := listTags(s.albTagsOf, p.Kind, ids, p.Tags)
	items, frame, err := cut(all, func(t tagged) string { return t.ID + " " + t.Key }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []tagged `json:"TagResources"`
	}{frame, items}, err
}
