package fields

import (
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

// Locate gives the attribute that stands for a path in the API object, such as
// spec.template.spec.containers[0].image, or the nearest one that holds it.
func (f *Field) Locate(at path.Path, api string) path.Path {
	switch f.Kind {
	case Object:
		for i := range f.Fields {
			sub := &f.Fields[i]
			rest, ok := strings.CutPrefix(api, sub.Key)
			if !ok || (rest != "" && rest[0] != '.' && rest[0] != '[') {
				continue
			}
			rest = strings.TrimPrefix(rest, ".")
			if sub.Name == "" {
				return sub.Locate(at, rest)
			}
			if sub.Kind == Map && f.typedElsewhere(sub, rest) {
				continue
			}
			return sub.Locate(at.AtName(sub.Name), rest)
		}
	case List:
		index, rest, ok := strings.Cut(strings.TrimPrefix(api, "["), "]")
		if n, err := strconv.Atoi(index); ok && err == nil {
			return f.Elem.Locate(at.AtListIndex(n), strings.TrimPrefix(rest, "."))
		}
	case Map:
		if key := strings.Trim(api, "[]"); key != "" {
			return at.AtMapKey(key)
		}
	default:
	}
	return at
}

// typedElsewhere says whether a key of a Map is typed by a sibling that shares the Map's JSON key.
func (f *Field) typedElsewhere(m *Field, key string) bool {
	for i := range f.Fields {
		sibling := &f.Fields[i]
		if sibling == m || sibling.Kind != Object || sibling.Key != m.Key {
			continue
		}
		for j := range sibling.Fields {
			if sibling.Fields[j].Key == strings.Trim(key, "[]") {
				return true
			}
		}
	}
	return false
}
