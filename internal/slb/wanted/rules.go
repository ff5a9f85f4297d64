package wanted

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/networking/pkg/http/header"
	"knative.dev/networking/pkg/ingress"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// abilities are what a type of load balancer can do with a request beside forwarding it by host and path.
type abilities struct {
	name                             string
	headers, insert, redirect, http2 bool
	rewrite                          bool
}

func abilitiesOf(t v1alpha1.LoadBalancerType) abilities {
	if t == v1alpha1.CLB {
		return abilities{name: "a CLB"}
	}
	return abilities{name: "an ALB", headers: true, insert: true, redirect: true, rewrite: true, http2: true}
}

// draft is the rules of one host.
type draft struct {
	*maker
	rules   []slb.Rule
	groups  map[string]slb.Group
	floors  map[types.NamespacedName]bool
	waiting string
	// certificate is the one that its HTTPS listeners need for it, if there is one.
	certificate slb.Certificate
}

// make writes the rules of a host:
//
//	HTTPOption   listeners        port 80 and its like              port 443 and its like
//	Enabled      HTTP, HTTPS      forwards                          forwards
//	Redirected   HTTP, HTTPS      redirects                         forwards
//	Redirected   HTTP only        left out: there is nowhere to redirect to
//	with TLS     HTTP only        left out: the address that Knative shows would not answer
//
// For certificates see certify.
func (d *draft) make(c claim) error {
	plain, secure := d.ports(c.local())
	_, asksForTLS := tlsOf(c)
	redirected := c.ingress.Spec.HTTPOption == netv1alpha1.HTTPOptionRedirected && !c.local()
	switch {
	case len(secure) == 0 && redirected:
		return errors.New("its HTTPOption is Redirected, and the SLBIngress has no HTTPS listener to redirect to: add one, with a certificate for the host")
	case len(secure) == 0 && asksForTLS:
		return errors.New("it asks for TLS, and the SLBIngress has no HTTPS listener: add one, with a certificate for the host, or turn TLS off for it (networking.knative.dev/disable-external-domain-tls)")
	case redirected && !d.can.redirect:
		return fmt.Errorf("its HTTPOption is Redirected, and %s redirects whole listeners only: let the HTTP listener redirect, and take it out of the SLBIngress", d.can.name)
	case redirected:
		d.rules = append(d.rules, slb.Rule{Key: c.host + "|redirect", Ports: plain, Host: c.host, Redirect: true})
		plain = nil
	}
	certificate := d.certify(c, secure)
	paths, err := d.through(c.rule.HTTP.Paths, 0)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := d.path(c, p, plain, secure); err != nil {
			return err
		}
	}
	for i := range d.rules {
		d.rules[i].Certificate = certificate
	}
	if d.ProbeRules && d.can.headers {
		return d.probe(c)
	}
	return nil
}

// ports are those of the SLBIngress's HTTP and HTTPS listeners of a visibility.
func (d *draft) ports(local bool) (plain, secure []int) {
	for _, l := range Listeners(d.For, local) {
		if l.Protocol == "HTTPS" {
			secure = append(secure, int(l.Port))
		} else {
			plain = append(plain, int(l.Port))
		}
	}
	return plain, secure
}

// path writes one rule for all listeners, or two where servers speak HTTP/2 without TLS: an ALB does so (it calls it gRPC) for HTTPS
// listeners only, and speaks HTTP/1.1 to them for others.
func (d *draft) path(c claim, p netv1alpha1.HTTPIngressPath, plain, secure []int) error {
	r := slb.Rule{Host: c.host, Path: strings.TrimSuffix(p.Path, "/"), RewriteHost: p.RewriteHost, InsertHeaders: maps.Clone(p.AppendHeaders)}
	for name, match := range p.Headers {
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		r.Headers[name] = match.Exact
	}
	switch {
	case len(r.Headers) > 0 && !d.can.headers:
		return fmt.Errorf("it goes by the header %s, and %s cannot: use an ALB, or turn tag-header-based-routing off in Knative's config-features", slices.Min(slices.Collect(maps.Keys(r.Headers))), d.can.name)
	case r.RewriteHost != "" && !d.can.rewrite:
		return fmt.Errorf("its Host is to be rewritten to %s, and %s cannot: use an ALB for it", r.RewriteHost, d.can.name)
	}
	chosen, err := d.choose(p.Splits)
	if err != nil {
		return err
	}
	for name, value := range chosen.headers {
		if r.InsertHeaders == nil {
			r.InsertHeaders = map[string]string{}
		}
		r.InsertHeaders[name] = value
	}
	if len(r.InsertHeaders) > 0 && !d.can.insert {
		return fmt.Errorf("the header %s is to be set, and %s cannot: use an ALB for it", slices.Min(slices.Collect(maps.Keys(r.InsertHeaders))), d.can.name)
	}
	d.waiting = cmp.Or(d.waiting, chosen.waiting)
	r.Key = keyOf(r)
	speaksHTTP2 := d.can.http2 && len(secure) > 0 && slices.ContainsFunc(chosen.targets, func(t target) bool { return t.http2 })
	if !speaksHTTP2 {
		d.add(r, slices.Concat(plain, secure), chosen, false)
		return nil
	}
	d.add(r, plain, chosen, false)
	r.Key += "|https"
	d.add(r, secure, chosen, true)
	return nil
}

// add makes a rule stand on ports, if there are any, with the groups of its targets.
func (d *draft) add(r slb.Rule, ports []int, to chosen, http2 bool) {
	if len(ports) == 0 {
		return
	}
	r.Ports = ports
	for _, t := range to.targets {
		g := slb.Group{Key: t.key, Protocol: slb.HTTP, Servers: t.servers}
		if http2 && t.http2 {
			g.Key, g.Protocol = g.Key+"/http2", slb.GRPC
		}
		d.groups[g.Key] = g
		r.Forward = append(r.Forward, slb.Target{Group: g.Key, Percent: t.percent})
	}
	d.rules = append(d.rules, r)
}

// keyOf tells a rule from others of its owner: host, path and headers, which no two share.
func keyOf(r slb.Rule) string {
	parts := []string{r.Host, r.Path}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		parts = append(parts, strings.ToLower(name)+"="+r.Headers[name])
	}
	return strings.Join(parts, "|")
}

// probe puts a rule before each, which meets requests that ask by the header K-Network-Hash which generation of the KIngress they
// meet, and sets it there: the servers answer with it. That is Knative's contract for probes (ingress.InsertProbe). It costs as
// many rules again, of 100 that an ALB has, and nothing in Knative asks: so it is only done where it is asked for.
func (d *draft) probe(c claim) error {
	hash, err := ingress.ComputeHash(c.ingress)
	if err != nil {
		return err
	}
	var probes []slb.Rule
	for _, r := range d.rules {
		if r.Redirect {
			continue
		}
		r.Headers, r.InsertHeaders = maps.Clone(r.Headers), maps.Clone(r.InsertHeaders)
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		if r.InsertHeaders == nil {
			r.InsertHeaders = map[string]string{}
		}
		r.Key += "|probe"
		r.Headers[header.HashKey], r.InsertHeaders[header.HashKey] = header.HashValueOverride, fmt.Sprintf("%x", hash)
		probes = append(probes, r)
	}
	d.rules = append(probes, d.rules...)
	return nil
}
