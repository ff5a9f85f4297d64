package slbsim

import (
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// match makes the function that says whether a request meets all conditions.
func match(conditions []albCondition) func(*http.Request) bool {
	tests := make([]func(*http.Request) bool, len(conditions))
	for i, c := range conditions {
		tests[i] = c.test()
	}
	return func(r *http.Request) bool {
		return !slices.ContainsFunc(tests, func(holds func(*http.Request) bool) bool { return !holds(r) })
	}
}

func (c albCondition) test() func(*http.Request) bool {
	switch c.Type {
	case "Host":
		return anyOf(patterns(c.Host.Values, true), func(r *http.Request) []string { return []string{hostOf(r)} })
	case "Path":
		return anyOf(patterns(c.Path.Values, false), func(r *http.Request) []string { return []string{r.URL.EscapedPath()} })
	case "Method":
		return func(r *http.Request) bool { return slices.Contains(c.Method.Values, r.Method) }
	case "SourceIp":
		return c.testSource()
	case "Header":
		return anyOf(patterns(c.Header.Values, false), func(r *http.Request) []string { return r.Header.Values(c.Header.Key) })
	case "QueryString":
		return c.Query.test(func(r *http.Request, key string) []string { return r.URL.Query()[key] })
	}
	return c.Cookie.test(func(r *http.Request, key string) []string {
		var found []string
		for _, cookie := range r.CookiesNamed(key) {
			found = append(found, cookie.Value)
		}
		return found
	})
}

func (c albCondition) testSource() func(*http.Request) bool {
	var ranges []netip.Prefix
	for _, v := range c.Source.Values {
		p, _ := cidr(v) // checked when the rule was made
		ranges = append(ranges, p)
	}
	return func(r *http.Request) bool {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		return err == nil && slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
	}
}

func (p albPairs) test(values func(*http.Request, string) []string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return slices.ContainsFunc(p.Values, func(pair albPair) bool {
			return slices.ContainsFunc(values(r, pair.Key), patterns([]string{pair.Value}, false)[0].MatchString)
		})
	}
}

func anyOf(of []*regexp.Regexp, values func(*http.Request) []string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		found := values(r)
		return slices.ContainsFunc(of, func(p *regexp.Regexp) bool { return slices.ContainsFunc(found, p.MatchString) })
	}
}

// patterns compiles values: * is any text, ? one character, and a leading ~ a regular expression.
func patterns(values []string, fold bool) []*regexp.Regexp {
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	compiled := make([]*regexp.Regexp, len(values))
	for i, v := range values {
		if expression, ok := strings.CutPrefix(v, "~"); ok {
			compiled[i] = regexp.MustCompile(flags + expression)
			continue
		}
		v = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(v))
		compiled[i] = regexp.MustCompile(flags + "^" + v + "$")
	}
	return compiled
}

// hostOf is the host that a request asks for, without the port.
func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return r.Host
}
