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
