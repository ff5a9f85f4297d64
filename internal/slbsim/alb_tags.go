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

func (s *Sim) albTagsOfAll(kind string, ids []string) ([]*tags, error) {
	found := make([]*tags, len(ids))
	for i, id := range ids {
		var err error
		if found[i], err = s.albTagsOf(kind, id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

type albTagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string `json:"ResourceId" check:"required,1..50"`
	Tags tags     `json:"Tag" check:"required,1..20"`
}

func (s *Sim) albTag(_ *wire.Call, p albTagParams) (func() any, error) {
	found, err := s.albTagsOfAll(p.Kind, p.IDs)
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		after := slices.Clone(*t)
		if after.add(p.Tags); len(after) > maxTags {
			return nil, albQuota("TagsPerResource", "tags of a resource", len(*t), maxTags)
		}
	}
	return func() any {
		for _, t := range found {
			t.add(p.Tags)
		}
		return reply{}
	}, nil
}

type albUntagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string `json:"ResourceId" check:"required,1..50"`
	Keys []string `json:"TagKey" check:"0..20"`
	Tags tags     `json:"Tag" check:"0..20"`
	All  bool     `json:"All"`
}

func (s *Sim) albUntag(_ *wire.Call, p albUntagParams) (func() any, error) {
	found, err := s.albTagsOfAll(p.Kind, p.IDs)
	if err != nil {
		return nil, err
	}
	if !p.All && len(p.Keys)+len(p.Tags) == 0 {
		return nil, albDialect.Missing("TagKey")
	}
	return func() any {
		for _, t := range found {
			t.drop(func(o tag) bool {
				return p.All && len(p.Keys)+len(p.Tags) == 0 || slices.Contains(p.Keys, o.Key) || slices.Contains(p.Tags, o)
			})
		}
		return reply{}
	}, nil
}

type albListTagsParams struct {
	tokenPage
	Kind string      `json:"ResourceType" check:"required,in=loadbalancer|servergroup|listener|rule"`
	IDs  []string    `json:"ResourceId" check:"0..50"`
	Tags []tagFilter `json:"Tag" check:"0..20"`
}

// tagged is one tag of one resource, as lists of tags show it.
type tagged struct {
	ID    string `json:"ResourceId"`
	Kind  string `json:"ResourceType"`
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

func (s *Sim) albListTags(_ *wire.Call, p albListTagsParams) (any, error) {
	ids := p.IDs
	if len(ids) == 0 {
		ids = map[string][]string{
			"loadbalancer": s.alb.balancers.order, "servergroup": s.alb.groups.order,
			"listener": s.alb.listeners.order, "rule": s.alb.rules.order,
		}[p.Kind]
	}
	var all []tagged
	for _, id := range ids {
		found, err := s.albTagsOf(p.Kind, id)
		if err != nil {
			continue // a list of tags leaves out what is not there
		}
		if !found.match(p.Tags) {
			continue
		}
		for _, t := range *found {
			all = append(all, tagged{id, p.Kind, t.Key, t.Value})
		}
	}
	items, frame, err := cut(all, func(t tagged) string { return t.ID + " " + t.Key }, p.tokenPage, albDialect)
	return struct {
		tokenReply
		Items []tagged `json:"TagResources"`
	}{frame, items}, err
}
