package wanted

import (
	"maps"
	"strings"

	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
)

// rewritesFollowed is how many hosts may stand for one another; more are a circle.
const rewritesFollowed = 4

// through follows each RewriteHost to the paths of the host that it names, where another KIngress has that. Such a path, of a
// DomainMapping, names a Service that leads back to a load balancer, and a load balancer is no server: so what would happen there
// happens here.
func (d *draft) through(paths []netv1alpha1.HTTPIngressPath, depth int) ([]netv1alpha1.HTTPIngressPath, error) {
	var out []netv1alpha1.HTTPIngressPath
	for _, p := range paths {
		named := d.claimOf(p.RewriteHost)
		if named == nil || depth == rewritesFollowed {
			out = append(out, p)
			continue
		}
		inner, err := d.through(named.rule.HTTP.Paths, depth+1)
		if err != nil {
			return nil, err
		}
		for _, i := range inner {
			if joined, ok := join(p, i); ok {
				out = append(out, joined)
			}
		}
	}
	return out, nil
}

// claimOf is the one that counts for a host.
func (d *draft) claimOf(host string) *claim {
	for i := range d.claims {
		if c := &d.claims[i]; host != "" && strings.EqualFold(c.host, host) && c.older == nil {
			return c
		}
	}
	return nil
}

// join is what a request meets that meets first one path and then another; nothing, where none can meet both.
func join(outer, inner netv1alpha1.HTTPIngressPath) (netv1alpha1.HTTPIngressPath, bool) {
	out := inner
	out.RewriteHost = outer.RewriteHost
	switch {
	case strings.HasPrefix(inner.Path, outer.Path):
	case strings.HasPrefix(outer.Path, inner.Path):
		out.Path = outer.Path
	default:
		return out, false
	}
	for name, match := range outer.Headers {
		if other, both := inner.Headers[name]; both && other != match {
			return out, false
		}
	}
	out.Headers = union(outer.Headers, inner.Headers)
	out.AppendHeaders = union(outer.AppendHeaders, inner.AppendHeaders)
	return out, true
}

func union[V any](a, b map[string]V) map[string]V {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, b)
	return out
}
