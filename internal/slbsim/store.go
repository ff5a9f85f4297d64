package slbsim

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

// store holds resources by ID, in the order in which they were made.
type store[T any] struct {
	order []string
	byID  map[string]T
}

func (s *store[T]) put(id string, item T) {
	if s.byID == nil {
		s.byID = map[string]T{}
	}
	s.order = append(s.order, id)
	s.byID[id] = item
}

func (s *store[T]) drop(id string) {
	delete(s.byID, id)
	s.order = slices.DeleteFunc(s.order, func(o string) bool { return o == id })
}

func (s *store[T]) all() []T {
	all := make([]T, 0, len(s.order))
	for _, id := range s.order {
		all = append(all, s.byID[id])
	}
	return all
}

// where gives the resources that keep says, in order.
func (s *store[T]) where(keep func(T) bool) []T {
	return slices.DeleteFunc(s.all(), func(item T) bool { return !keep(item) })
}

// tokenPage is a request for a part of a list, ALB's way.
type tokenPage struct {
	Next string `json:"NextToken"`
	Max  *int   `json:"MaxResults" check:"1..100"`
}

// tokenReply is the frame of ALB's lists.
type tokenReply struct {
	Next  string `json:"NextToken"`
	Max   int    `json:"MaxResults"`
	Total int    `json:"TotalCount"`
}

// cut takes one page out of a list. A token is the item that the page before ended with; if it is gone, so is the token.
func cut[T any](items []T, id func(T) string, p tokenPage, d wire.Dialect) ([]T, tokenReply, error) {
	reply := tokenReply{Max: or(p.Max, 20), Total: len(items)}
	if p.Next != "" {
		last, err := base64.RawURLEncoding.DecodeString(p.Next)
		i := slices.IndexFunc(items, func(item T) bool { return "after "+id(item) == string(last) })
		if err != nil || i < 0 {
			return nil, reply, d.Illegal("NextToken")
		}
		items = items[i+1:]
	}
	if len(items) > reply.Max {
		items = items[:reply.Max]
		reply.Next = base64.RawURLEncoding.EncodeToString([]byte("after " + id(items[len(items)-1])))
	}
	return items, reply, nil
}

// numberPage is a request for a part of a list, the older products' way.
type numberPage struct {
	Number *int `json:"PageNumber" check:"1..2147483647"`
	Size   *int `json:"PageSize" check:"1..100"`
}

// numberReply is the frame of their lists.
type numberReply struct {
	Number int `json:"PageNumber"`
	Size   int `json:"PageSize"`
	Total  int `json:"TotalCount"`
}

func number[T any](items []T, p numberPage) ([]T, numberReply) {
	reply := numberReply{or(p.Number, 1), or(p.Size, 10), len(items)}
	from := min((reply.Number-1)*reply.Size, len(items))
	return items[from:min(from+reply.Size, len(items))], reply
}

// or is a parameter's value, or what it is when it was not sent.
func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// set changes a value if the parameter was sent.
func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// among says whether a list that may be empty, for no filter, has a value.
func among(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// like says whether a filter that may be empty is the value.
func like(filter, value string) bool { return filter == "" || strings.EqualFold(filter, value) }
