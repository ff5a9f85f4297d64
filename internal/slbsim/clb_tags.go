package slbsim

import (
	"encoding/json"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// clbTagsOf finds the tags of a resource; a listener's ID is lb-…_http_80.
func (s *Sim) clbTagsOf(kind, id string) (*tags, error) {
	switch kind {
	case "instance":
		if b, ok := s.clb.balancers.byID[id]; ok {
			return &b.tags, nil
		}
	case "vservergroup":
		if g, ok := s.clb.groups.byID[id]; ok {
			return &g.tags, nil
		}
	case "certificate":
		if c, ok := s.certs.byID[id]; ok && c.clb {
			return &c.Tags, nil
		}
	case "listener":
		for _, b := range s.clb.balancers.all() {
			for _, l := range b.listeners {
				if l.key() == id {
					return &l.tags, nil
				}
			}
		}
	}
	return nil, wire.NotFound("InvalidResourceId.NotFound", "The specified %s %s does not exist.", kind, id)
}

type clbTagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=instance|vservergroup|listener|certificate"`
	IDs  []string `json:"ResourceId" check:"required,1..20"`
	Tags tags     `json:"Tag" check:"required,1..20"`
}

func (s *Sim) clbTag(_ *wire.Call, p clbTagParams) (func() any, error) {
	return addTags(s.clbTagsOf, p.Kind, p.IDs, p.Tags, func(used int) error { return clbQuota("tags of a resource", used, maxTags) })
}

type clbUntagParams struct {
	Kind string   `json:"ResourceType" check:"required,in=instance|vservergroup|listener|certificate"`
	IDs  []string `json:"ResourceId" check:"required,1..20"`
	Keys []string `json:"TagKey" check:"0..20"`
	All  bool     `json:"All"`
}

func (s *Sim) clbUntag(_ *wire.Call, p clbUntagParams) (func() any, error) {
	return dropTags(s.clbTagsOf, p.Kind, p.IDs, func(o tag) bool { return p.All && len(p.Keys) == 0 || slices.Contains(p.Keys, o.Key) })
}

type clbListTagsParams struct {
	Next string      `json:"NextToken"`
	Kind string      `json:"ResourceType" check:"required,in=instance|vservergroup|listener|certificate"`
	IDs  []string    `json:"ResourceId" check:"0..20"`
	Tags []tagFilter `json:"Tag" check:"0..20"`
}

// clbListTags gives 50 tags a page, as this product lets no one choose.
func (s *Sim) clbListTags(_ *wire.Call, p clbListTagsParams) (any, error) {
	ids := p.IDs
	if len(ids) == 0 {
		if p.Kind == "instance" {
			ids = s.clb.balancers.order
		} else if ids = s.clb.groups.order; p.Kind != "vservergroup" {
			return nil, wire.Classic.Missing("ResourceId")
		}
	}
	all := listTags(s.clbTagsOf, p.Kind, ids, p.Tags)
	items, frame, err := cut(all, func(t tagged) string { return t.ID + " " + t.Key }, tokenPage{p.Next, new(50)}, wire.Classic)
	return reply{"NextToken": frame.Next, "TagResources": reply{"TagResource": items}}, err
}

type clbOldTagsParams struct {
	clbID
	Tags string `json:"Tags" check:"required"`
}

// parse reads the older actions' list of tags, of at most five.
func (p clbOldTagsParams) parse() (tags, error) {
	var views []clbTagView
	if err := json.Unmarshal([]byte(p.Tags), &views); err != nil || len(views) == 0 || len(views) > 5 {
		return nil, wire.Classic.Illegal("Tags")
	}
	list := make(tags, len(views))
	for i, v := range views {
		list[i] = tag(v)
	}
	return list, nil
}

func (s *Sim) clbAddTags(c *wire.Call, p clbOldTagsParams) (func() any, error) {
	list, err := p.parse()
	if err != nil {
		return nil, err
	}
	return s.clbTag(c, clbTagParams{"instance", []string{p.ID}, list})
}

func (s *Sim) clbRemoveTags(_ *wire.Call, p clbOldTagsParams) (func() any, error) {
	list, err := p.parse()
	if err != nil {
		return nil, err
	}
	return dropTags(s.clbTagsOf, "instance", []string{p.ID}, func(o tag) bool {
		return slices.ContainsFunc(list, func(t tag) bool { return t.Key == o.Key && (t.Value == "" || t.Value == o.Value) })
	})
}
