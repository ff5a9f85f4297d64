package fields

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
)

func TestSettle(t *testing.T) {
	quantity, volumes, containers := Field{Kind: Quantity}, *named(t, tree, "volumes"), *named(t, tree, "containers")
	limits := func(cpu any) object { return object{"resources": object{"limits": object{"cpu": cpu}}} }
	for name, tc := range map[string]struct {
		field                Field
		planned, prior, want any
	}{
		"same by meaning":               {quantity, "1000m", "1", "1"},
		"same by meaning, other units":  {quantity, "1024Mi", "1Gi", "1Gi"},
		"another amount":                {quantity, "1001m", "1", "1001m"},
		"no amount at all":              {quantity, "1x", "0", "1x"},
		"no amount before":              {quantity, "0", "1x", "0"},
		"same duration":                 {Field{Kind: Duration}, "1m", "60s", "60s"},
		"another duration":              {Field{Kind: Duration}, "1m", "61s", "1m"},
		"no duration":                   {Field{Kind: Duration}, "60", "60", "60"},
		"no duration before":            {Field{Kind: Duration}, "1m", "sixty", "1m"},
		"a string is no duration":       {Field{Kind: String}, "1m", "60s", "1m"},
		"a string is no quantity":       {Field{Kind: String}, "1000m", "1", "1000m"},
		"int or string is no quantity":  {Field{Kind: IntOrString}, "1000m", "1", "1000m"},
		"unknown":                       {quantity, unknown{}, "1", unknown{}},
		"null":                          {quantity, nil, "1", nil},
		"null before":                   {quantity, "1", nil, "1"},
		"unknown before":                {quantity, "1", unknown{}, "1"},
		"in a list":                     {Field{Kind: List, Elem: &quantity}, list{"1000m", "2"}, list{"1", "3"}, list{"1", "2"}},
		"in a longer list":              {Field{Kind: List, Elem: &quantity}, list{"1000m", "2000m"}, list{"1"}, list{"1", "2000m"}},
		"in a shorter list":             {Field{Kind: List, Elem: &quantity}, list{"1000m"}, list{"1", "2"}, list{"1"}},
		"in a list with unknowns":       {Field{Kind: List, Elem: &quantity}, list{unknown{}, "1000m"}, list{"1", "1"}, list{unknown{}, "1"}},
		"in a map":                      {Field{Kind: Map, Elem: &quantity}, object{"a": "1000m", "b": "2"}, object{"a": "1", "c": "3"}, object{"a": "1", "b": "2"}},
		"in a map with unknowns":        {Field{Kind: Map, Elem: &quantity}, object{"a": unknown{}, "b": "1000m"}, object{"a": "1", "b": "1"}, object{"a": unknown{}, "b": "1"}},
		"an unknown list":               {Field{Kind: List, Elem: &quantity}, unknown{}, list{"1"}, unknown{}},
		"in an object":                  {*volumes.Elem, object{"name": "b", "size": "1024"}, object{"name": "a", "size": "1Ki"}, object{"name": "b", "size": "1Ki"}},
		"in an object with unknowns":    {*volumes.Elem, object{"name": unknown{}, "size": "1024"}, object{"name": "a", "size": "1Ki"}, object{"name": unknown{}, "size": "1Ki"}},
		"in objects of a list":          {containers, list{limits("1000m"), limits("2")}, list{limits("1"), limits("2000m")}, list{limits("1"), limits("2000m")}},
		"under a level of the API":      {*tree, object{"divisor": "1000m", "name": "b"}, object{"divisor": "1", "name": "a"}, object{"divisor": "1", "name": "b"}},
		"at depth, among other changes": {*tree, object{"name": "b", "containers": list{limits("1000m")}}, object{"name": "a", "containers": list{limits("1")}}, object{"name": "b", "containers": list{limits("1")}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := Compile(tc.field)
			got := f.Settle(value(t, f, tc.planned), value(t, f, tc.prior))
			if diff := cmp.Diff(value(t, f, tc.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSettleWithNothingBefore(t *testing.T) {
	planned := value(t, tree, object{"divisor": "1000m"})
	if diff := cmp.Diff(planned, tree.Settle(planned, nil)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What Terraform holds as the plan and the state stays as it is: Settle answers with values of its own.
func TestSettleLeavesBothAlone(t *testing.T) {
	planned, prior := object{"divisor": "1000m", "containers": list{object{"resources": object{"limits": object{"cpu": "1000m"}}}}}, object{"divisor": "1", "containers": list{object{"resources": object{"limits": object{"cpu": "1"}}}}}
	p, before := value(t, tree, planned), value(t, tree, prior)
	tree.Settle(p, before)
	for _, tc := range []struct{ want, got attr.Value }{{value(t, tree, planned), p}, {value(t, tree, prior), before}} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}
