package alb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// endpoint is where a server listens.
type endpoint struct {
	IP   string
	Port int
}

// wantedGroup is a server group as it should be.
type wantedGroup struct {
	Key      string
	Protocol string
	Weights  map[endpoint]int  // of the servers that get requests
	Draining map[endpoint]bool // stay as long as they are there, without new requests
	// Activator says that its servers are the activator's.
	Activator bool
}

// id tells groups apart: a group cannot change its protocol, so one with another is another group.
func (g wantedGroup) id() string { return groupID(g.Key, g.Protocol) }

func groupID(key, protocol string) string { return deploy.Short(key) + "|" + protocol }

// wantedRule is a rule on one listener.
type wantedRule struct {
	Key, Host  string
	Listener   string // its ID
	Conditions []condition
	Edits      []action // what comes before the last action
	Redirect   *redirect
	Split      []share // by group; empty with a Redirect
	// Certificate is the Secret of the one that the listener needs for it.
	Certificate string
}

// share is a group's part of a rule's requests.
type share struct {
	Group  string // its id
	Weight int
}

// desired is what one load balancer should have.
type desired struct {
	Groups map[string]wantedGroup // those that rules use, by id
	Known  map[string]wantedGroup // all, by id: one that stands for a rule that is left out now gets its servers too
	Rules  []wantedRule           // in the order in which they match, for all listeners
	Left   []slb.LeftOut
	Splits []slb.Split

	Certificates []wantedCertificate
}

// desire makes what an ALB should have of what is wanted. It leaves out what an ALB, or this one, cannot do:
//
//	rule                                                  left out, because
//	on a port without a listener, or a wrong one          the reason that the listener has
//	several targets, one of them the activator's          only a rule with one target can tell the activator whose requests they are
//	a gRPC group on an HTTP listener                      ALB speaks gRPC on HTTPS listeners only
//	more conditions or actions than the edition has       the edition's quota
//	a header value with * or ?                            ALB would match more than that value
//	more than five targets of more than one protocol      the smallest cannot be merged into one group
func desire(w slb.Wanted, fronts map[int]front, e edition) desired {
	d := desired{Groups: map[string]wantedGroup{}, Known: map[string]wantedGroup{}}
	groups := map[string]slb.Group{}
	for _, g := range w.Groups {
		groups[g.Key] = g
		made := groupOf(g)
		d.Known[made.id()] = made
	}
	for _, r := range w.Rules {
		made, extra, err := ruleOf(r, groups, fronts, w, e)
		if err != nil {
			d.Left = append(d.Left, slb.LeftOut{Rule: r.Key, Host: r.Host, Reason: err.Error()})
		}
		for _, one := range made {
			d.Rules = append(d.Rules, one)
			for _, s := range one.Split {
				g := extra.groups[s.Group]
				d.Groups[s.Group], d.Known[s.Group] = g, g
			}
		}
		if extra.split != nil && len(made) > 0 {
			d.Splits = append(d.Splits, *extra.split)
		}
	}
	for _, c := range w.Certificates {
		made := wantedCertificate{Certificate: c, Name: deploy.CertificateName(w.Owner, c)}
		for _, port := range c.Ports {
			if f := fronts[port]; f.Why == "" && f.Protocol == "HTTPS" {
				made.Listeners = append(made.Listeners, f.ID)
			}
		}
		d.Certificates = append(d.Certificates, made)
	}
	return d
}

// front is a listener that a rule may stand on, or why it cannot be.
type front struct {
	ID, Protocol string
	Why          string
}

// madeOf is what comes with a rule.
type madeOf struct {
	groups map[string]wantedGroup
	split  *slb.Split // of a merged rule
}

func ruleOf(r slb.Rule, groups map[string]slb.Group, fronts map[int]front, w slb.Wanted, e edition) ([]wantedRule, madeOf, error) {
	one := wantedRule{Key: r.Key, Host: r.Host}
	var err error
	if one.Conditions, err = conditionsOf(r, e); err != nil {
		return nil, madeOf{}, err
	}
	var extra madeOf
	if r.Redirect {
		one.Redirect = &redirect{Protocol: "HTTPS", Port: strconv.Itoa(securePort(w.Listeners)), Code: "301"}
	} else if one.Split, extra, err = splitOf(r, groups); err != nil {
		return nil, madeOf{}, err
	}
	one.Edits = editsOf(r, one.Split)
	if n := len(one.Edits) + 1; n > e.actions {
		return nil, madeOf{}, fmt.Errorf("it needs %d actions (headers to insert, a rewrite, and the forwarding), and a rule of the edition %s has at most %d: "+
			"use the edition Standard, or fewer headers", n, e.name, e.actions)
	}
	var rules []wantedRule
	var why []string
	for _, port := range r.Ports {
		f, ok := fronts[port]
		switch {
		case !ok:
			why = append(why, fmt.Sprintf("port %d is not a listener of this SLBIngress: add it to its listeners", port))
		case f.Why != "":
			why = append(why, f.Why)
		case f.Protocol == "HTTP" && speaksGRPC(one.Split, extra.groups):
			why = append(why, fmt.Sprintf("the Pods speak gRPC, which an ALB forwards from HTTPS listeners only, and port %d is HTTP: add an HTTPS listener", port))
		default:
			on := one
			on.Listener = f.ID
			if f.Protocol == "HTTPS" {
				on.Certificate = r.Certificate
			}
			rules = append(rules, on)
		}
	}
	if len(why) > 0 {
		err = fmt.Errorf("%s", strings.Join(why, "; "))
	}
	return rules, extra, err
}

func speaksGRPC(split []share, groups map[string]wantedGroup) bool {
	return slices.ContainsFunc(split, func(s share) bool { return groups[s.Group].Protocol == string(slb.GRPC) })
}

// securePort is where redirects lead to.
func securePort(listeners []slb.Listener) int {
	for _, l := range listeners {
		if l.Protocol == "HTTPS" {
			return l.Port
		}
	}
	return 443
}

// conditionsOf says when a rule matches: its host, its path as a whole or with more segments behind it, and its headers.
func conditionsOf(r slb.Rule, e edition) ([]condition, error) {
	all := []condition{{Type: "Host", Host: &values{[]string{r.Host}}}}
	count := 1
	if path := strings.TrimSuffix(r.Path, "/"); path != "" {
		all = append(all, condition{Type: "Path", Path: &values{[]string{path, path + "/*"}}})
		count += 2
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		value := r.Headers[name]
		if strings.ContainsAny(value, "*?") || strings.HasPrefix(value, "~") {
			return nil, fmt.Errorf("the header %s must be %q, and ALB takes *, ? and a leading ~ as a pattern: use another value", name, value)
		}
		all = append(all, condition{Type: "Header", Header: &keyValues{name, []string{value}}})
		count++
	}
	if count > e.conditions {
		return nil, fmt.Errorf("it has %d conditions (host, path, headers), and a rule of the edition %s has at most %d: use the edition Standard",
			count, e.name, e.conditions)
	}
	return all, nil
}

// editsOf are the actions before the last: the Host that servers see, and headers. Those of a target are for a rule with that one.
func editsOf(r slb.Rule, split []share) []action {
	var edits []action
	if r.RewriteHost != "" && !r.Redirect {
		edits = append(edits, action{Type: "Rewrite", Rewrite: &rewrite{r.RewriteHost, "${path}", "${query}"}})
	}
	headers := maps.Clone(r.InsertHeaders)
	if only, ok := onlyTarget(r); ok && len(split) == 1 {
		if headers == nil {
			headers = map[string]string{}
		}
		maps.Copy(headers, only.InsertHeaders)
	}
	if r.Redirect {
		headers = nil
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		edits = append(edits, action{Type: "InsertHeader", Insert: &insert{name, headers[name], "UserDefined"}})
	}
	return edits
}

// onlyTarget is the target that gets all requests, if there is one.
func onlyTarget(r slb.Rule) (slb.Target, bool) {
	with := slices.DeleteFunc(slices.Clone(r.Forward), func(t slb.Target) bool { return t.Percent == 0 })
	if len(with) != 1 {
		return slb.Target{}, false
	}
	return with[0], true
}

// edition is what an ALB's edition allows a rule ("Quotas and limits" of ALB).
type edition struct {
	name                string
	conditions, actions int
}

func editionOf(name string) edition {
	if name == "Basic" {
		return edition{name, 5, 3}
	}
	return edition{name, 10, 5}
}
