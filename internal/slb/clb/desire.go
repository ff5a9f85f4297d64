package clb

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/fit"
)

// endpoint is where a server listens.
type endpoint struct {
	IP   string
	Port int
}

func byAddress(a, b endpoint) int {
	return cmp.Or(cmp.Compare(a.IP, b.IP), cmp.Compare(a.Port, b.Port))
}

// wantedRule is a rule with the VServer group that is its own, on one or more listeners.
type wantedRule struct {
	Key, Host, URL string
	Ports          []int
	Weights        map[endpoint]int
	Draining       map[endpoint]bool
	// Certificate is the Secret of the one that HTTPS listeners need for it.
	Certificate string
}

// desired is what one load balancer should have.
type desired struct {
	Rules  []wantedRule
	Left   []slb.LeftOut
	Splits []slb.Split

	Certificates []wantedCertificate
	Extensions   []wantedExtension
}

// front is a listener that a rule may stand on, or why it cannot be.
type front struct {
	Port     int
	Protocol string
	Why      string
}

// desire makes what a CLB should have of what is wanted.
//
//	rule                          left out, because
//	headers to match              a CLB's rules match hosts and paths only
//	headers to insert of its own  a CLB inserts none
//	another Host                  a CLB changes none
//	a redirect                    a CLB redirects whole listeners
//	a target is the activator's   without its headers it does not know whose requests they are
//	gRPC                          a CLB speaks HTTP/1.1 to servers
//	host and path of another      a CLB's rules have no order, so there is one for each
//	no target with a percent      –
func desire(w slb.Wanted, fronts map[int]front) desired {
	var d desired
	groups := map[string]slb.Group{}
	for _, g := range w.Groups {
		groups[g.Key] = g
	}
	certificates := map[string]wantedCertificate{}
	for _, c := range w.Certificates {
		certificates[c.Key] = wantedCertificate{c, deploy.CertificateName(w.Owner, c)}
	}
	taken := map[string]bool{}
	for _, r := range w.Rules {
		out := func(why string) { d.Left = append(d.Left, slb.LeftOut{Rule: r.Key, Host: r.Host, Reason: why}) }
		if why := impossible(r, groups); why != "" {
			out(why)
			continue
		}
		one := wantedRule{Key: r.Key, Host: r.Host, URL: strings.TrimSuffix(r.Path, "/")}
		for _, port := range r.Ports {
			f, ok := fronts[port]
			at := fmt.Sprintf("%d %s %s", port, one.Host, one.URL)
			switch {
			case !ok:
				out(fmt.Sprintf("port %d is not a listener of this SLBIngress: add it to its listeners", port))
			case f.Why != "":
				out(f.Why)
			case taken[at]:
				out(fmt.Sprintf("another rule has %s%s on port %d already, and a CLB's rules have no order: use an ALB, or one rule", one.Host, one.URL, port))
			default:
				taken[at] = true
				one.Ports = append(one.Ports, port)
			}
		}
		if len(one.Ports) == 0 {
			continue
		}
		var split *slb.Split
		one.Weights, one.Draining, split = weigh(r, groups)
		if c, ok := certificates[r.Certificate]; ok {
			one.Certificate = r.Certificate
			d.want(one, c, fronts)
		}
		d.Rules = append(d.Rules, one)
		if split != nil {
			d.Splits = append(d.Splits, *split)
		}
	}
	return d
}

func impossible(r slb.Rule, groups map[string]slb.Group) string {
	switch {
	case len(r.Headers) > 0:
		return "it is for requests with certain headers, and a CLB's rules match hosts and paths only: use an ALB, or the host of the tag"
	case len(r.InsertHeaders) > 0:
		return "it inserts headers, which a CLB does not: use an ALB, or do without them"
	case r.RewriteHost != "":
		return fmt.Sprintf("it changes the Host to %s, which a CLB does not: use an ALB, or a Service that knows the host %s", r.RewriteHost, r.Host)
	case r.Redirect:
		return "it redirects to HTTPS, which a CLB does for whole listeners only: let Terraform's listener of port 80 redirect, or use an ALB"
	}
	some := false
	for _, t := range r.Forward {
		g, ok := groups[t.Group]
		switch {
		case !ok:
			return fmt.Sprintf("its target %s is not among the groups", t.Group)
		case t.Percent == 0:
			continue
		case g.Activator:
			return fmt.Sprintf("its target %s has no Pods now, and a CLB cannot lead to the activator, which would start one: "+
				"give the revision a min-scale of at least 1, or use an ALB", t.Group)
		case g.Protocol == slb.GRPC:
			return fmt.Sprintf("the Pods of %s speak gRPC, and a CLB speaks HTTP/1.1 to servers: use an ALB with an HTTPS listener", t.Group)
		}
		some = true
	}
	if !some {
		return "no target of it has a percent above 0"
	}
	return ""
}

// weigh gives each server of a rule its weight, and what comes of the split. Servers without a part of it are not in the group.
func weigh(r slb.Rule, groups map[string]slb.Group) (map[endpoint]int, map[endpoint]bool, *slb.Split) {
	percents := map[string]int{}
	var order []string
	for _, t := range r.Forward {
		if percents[t.Group] == 0 && t.Percent > 0 {
			order = append(order, t.Group)
		}
		percents[t.Group] += t.Percent
	}
	weights, draining := map[endpoint]int{}, map[endpoint]bool{}
	parts, servers := make([]fit.Part, len(order)), make([][]endpoint, len(order))
	for i, key := range order {
		for _, s := range groups[key].Servers {
			if at := (endpoint{s.IP, s.Port}); s.Draining {
				draining[at] = true
			} else {
				servers[i] = append(servers[i], at)
			}
		}
		slices.SortFunc(servers[i], byAddress)
		parts[i] = fit.Part{Percent: percents[key], Servers: len(servers[i])}
	}
	if len(order) == 1 { // all alike, so that no weight changes when servers come and go
		for _, at := range servers[0] {
			weights[at] = fit.Most
		}
		return weights, draining, nil
	}
	fitted := fit.Weights(parts)
	split := &slb.Split{Rule: r.Key, Host: r.Host}
	for i, share := range fit.Shares(fitted) {
		for n, at := range servers[i] {
			weights[at] = 0
			if n < fitted[i].Used {
				weights[at] = fitted[i].Each
			}
		}
		split.Idle += len(servers[i]) - fitted[i].Used
		split.Shares = append(split.Shares, slb.Share{Group: order[i], Wanted: float64(percents[order[i]]), Reached: math.Round(share*1e4) / 1e4})
	}
	return weights, draining, split
}
