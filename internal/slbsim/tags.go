package slbsim

import "slices"

// tag is a name and a value on a resource; a resource has at most maxTags.
type tag struct {
	Key   string `json:"Key" check:"required,1..128"`
	Value string `json:"Value" check:"0..128"`
}

const maxTags = 20

// tags are kept in the order in which they came.
type tags []tag

func (t *tags) add(more []tag) {
	for _, one := range more {
		i := slices.IndexFunc(*t, func(o tag) bool { return o.Key == one.Key })
		if i < 0 {
			*t = append(*t, one)
			continue
		}
		(*t)[i] = one
	}
}

func (t *tags) drop(gone func(tag) bool) { *t = slices.DeleteFunc(*t, gone) }

// match says whether all tags of a filter are there; one without a value asks for the key only.
func (t tags) match(filter []tagFilter) bool {
	for _, want := range filter {
		if !slices.ContainsFunc(t, func(o tag) bool { return o.Key == want.Key && (want.Value == nil || o.Value == *want.Value) }) {
			return false
		}
	}
	return true
}

// tagFilter is a tag that a list is asked for.
type tagFilter struct {
	Key   string  `json:"Key" check:"required"`
	Value *string `json:"Value"`
}

// finder gives the tags of a resource of a kind.
type finder func(kind, id string) (*tags, error)

func (find finder) all(kind string, ids []string) ([]*tags, error) {
	found := make([]*tags, len(ids))
	for i, id := range ids {
		var err error
		if found[i], err = find(kind, id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// addTags tags resources, unless one of them would have too many.
func addTags(find finder, kind string, ids []string, more tags, full func(used int) error) (func() any, error) {
	found, err := find.all(kind, ids)
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		after := slices.Clone(*t)
		if after.add(more); len(after) > maxTags {
			return nil, full(len(*t))
		}
	}
	return func() any {
		for _, t := range found {
			t.add(more)
		}
		return reply{}
	}, nil
}

// dropTags takes tags off resources.
func dropTags(find finder, kind string, ids []string, gone func(tag) bool) (func() any, error) {
	found, err := find.all(kind, ids)
	return func() any {
		for _, t := range found {
			t.drop(gone)
		}
		return reply{}
	}, err
}

// tagged is one tag of one resource, as lists of tags show it.
type tagged struct {
	ID    string `json:"ResourceId"`
	Kind  string `json:"ResourceType"`
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

// listTags gives the tags of those resources that have all of a filter's; one that is not there has none.
func listTags(find finder, kind string, ids []string, filter []tagFilter) []tagged {
	var all []tagged
	for _, id := range ids {
		found, err := find(kind, id)
		if err != nil || !found.match(filter) {
			continue
		}
		for _, t := range *found {
			all = append(all, tagged{id, kind, t.Key, t.Value})
		}
	}
	return all
}
