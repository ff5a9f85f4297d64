package slbsim

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// albCondition is one condition of a rule: one of its values must hold, and so must every other condition of the rule.
type albCondition struct {
	Type   string        `json:"Type" check:"required,in=Host|Path|Header|QueryString|Method|Cookie|SourceIp"`
	Host   *albValues    `json:"HostConfig,omitempty"`
	Path   *albValues    `json:"PathConfig,omitempty"`
	Method *albValues    `json:"MethodConfig,omitempty"`
	Source *albValues    `json:"SourceIpConfig,omitempty"`
	Header *albKeyValues `json:"HeaderConfig,omitempty"`
	Query  *albPairs     `json:"QueryStringConfig,omitempty"`
	Cookie *albPairs     `json:"CookieConfig,omitempty"`
}

type albValues struct {
	Values []string `json:"Values" check:"required,1..10"`
}

type albKeyValues struct {
	Key    string   `json:"Key" check:"required,1..40"`
	Values []string `json:"Values" check:"required,1..10"`
}

type albPairs struct {
	Values []albPair `json:"Values" check:"required,1..10"`
}

type albPair struct {
	Key   string `json:"Key" check:"1..100"`
	Value string `json:"Value" check:"1..128"`
}

var (
	albHost      = regexp.MustCompile(`^[a-z0-9.*?-]{3,128}$`)
	albPath      = regexp.MustCompile(`^/[A-Za-z0-9$\-_.+/&~@:*?'%!()\[\]^=|]{0,127}$`)
	albHeaderKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
	albMethods   = []string{"HEAD", "GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
)

// albCheckConditions holds conditions against the documents of CreateRules. A value counts as a match evaluation, of which an
// edition has a number per rule.
func albCheckConditions(conditions []albCondition, e Edition, prefix string) error {
	count := 0
	seen := map[string]bool{}
	for i, c := range conditions {
		at := fmt.Sprintf("%sRuleConditions.%d.", prefix, i+1)
		n, err := c.check(at)
		if err != nil {
			return err
		}
		count += n
		kind := c.Type
		if c.Header != nil {
			kind += " " + strings.ToLower(c.Header.Key)
		}
		if seen[kind] {
			return albDuplicate("Type")
		}
		seen[kind] = true
	}
	if count > e.Conditions {
		return albQuota("RuleConditions", "alb_quota_rule_matchevaluations_num", count, e.Conditions)
	}
	return nil
}

// check gives how many values a condition has, and refuses one whose configuration is not that of its type.
func (c albCondition) check(at string) (int, error) {
	given := map[string]bool{
		"Host": c.Host != nil, "Path": c.Path != nil, "Method": c.Method != nil, "SourceIp": c.Source != nil,
		"Header": c.Header != nil, "QueryString": c.Query != nil, "Cookie": c.Cookie != nil,
	}
	if !given[c.Type] {
		return 0, albDialect.Missing(at + c.Type + "Config")
	}
	for kind, is := range given {
		if is && kind != c.Type {
			return 0, albIllegal(at+kind+"Config", "The condition's type is %s.", c.Type)
		}
	}
	switch c.Type {
	case "Host":
		return all(c.Host.Values, at+"HostConfig.Values", func(v string) bool { return regexOr(v, albHost) && strings.Contains(v, ".") })
	case "Path":
		return all(c.Path.Values, at+"PathConfig.Values", func(v string) bool { return regexOr(v, albPath) })
	case "Method":
		return all(c.Method.Values, at+"MethodConfig.Values", func(v string) bool { return slices.Contains(albMethods, v) })
	case "SourceIp":
		return all(c.Source.Values, at+"SourceIpConfig.Values", func(v string) bool { _, err := cidr(v); return err == nil })
	case "Header":
		if key := strings.ToLower(c.Header.Key); !albHeaderKey.MatchString(key) || key == "cookie" || key == "host" {
			return 0, albIllegal(at+"HeaderConfig.Key", "Cookie and Host have conditions of their own.")
		}
		return all(c.Header.Values, at+"HeaderConfig.Values", func(v string) bool { return len(v) >= 1 && len(v) <= 128 })
	case "QueryString":
		return len(c.Query.Values), nil
	}
	return len(c.Cookie.Values), nil
}

func all(values []string, name string, holds func(string) bool) (int, error) {
	for i, v := range values {
		if !holds(v) {
			return 0, albIllegal(fmt.Sprintf("%s.%d", name, i+1), "The value is %q.", v)
		}
	}
	return len(values), nil
}

// regexOr takes a regular expression, which begins with ~, or what plain says.
func regexOr(v string, plain *regexp.Regexp) bool {
	if expression, ok := strings.CutPrefix(v, "~"); ok {
		_, err := regexp.Compile(expression)
		return err == nil
	}
	return plain.MatchString(v)
}

func cidr(v string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(v); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(v)
}
