package cloud

import "context"

// Tag is a name and a value on a resource.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value" send:"always"`
}

// Page asks for a part of a list, the way of ALB and of ECS.
type Page struct {
	Next string `json:"NextToken"`
	Max  int    `json:"MaxResults"`
}

// More is the frame of an answer to a Page.
type More struct {
	Next string `json:"NextToken" send:"never"`
}

// All reads a list to its end, page by page.
func All[T any](ctx context.Context, page func(context.Context, Page) (items []T, next string, err error), size int) ([]T, error) {
	var all []T
	at := Page{Max: size}
	for {
		items, next, err := page(ctx, at)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if next == "" {
			return all, nil
		}
		at.Next = next
	}
}
