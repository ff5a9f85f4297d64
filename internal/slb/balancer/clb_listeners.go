package balancer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// clbListener is a listener in the API's words, to write and to read. Servers are not checked: an HTTP check would count as a request
// to Knative's queue-proxy.
type clbListener struct {
	BalancerID  string    `json:"LoadBalancerId"`
	Port        cloud.Int `json:"ListenerPort"`
	Status      string    `json:"Status" send:"never"`
	Description string    `json:"Description"`
	Bandwidth   int       `json:"Bandwidth"`
	GroupID     string    `json:"VServerGroupId"`
	UseGroup    string    `json:"VServerGroup"`
	Sticky      string    `json:"StickySession"`
	Check       string    `json:"HealthCheck"`
	Idle        cloud.Int `json:"IdleTimeout"`
	Timeout     cloud.Int `json:"RequestTimeout"`
	For         string    `json:"XForwardedFor"`
	Proto       string    `json:"XForwardedFor_proto"`
	SLBID       string    `json:"XForwardedFor_SLBID"`
	SLBPort     string    `json:"XForwardedFor_SLBPORT"`
	SrcPort     string    `json:"XForwardedFor_ClientSrcPort"`
	Forward     string    `json:"ListenerForward"`
	ForwardPort cloud.Int `json:"ForwardPort"`
	ForwardCode int       `json:"ForwardCode"`
	Certificate string    `json:"ServerCertificateId"`
	Policy      string    `json:"TLSCipherPolicy"`
}

// clbKey names a listener.
type clbKey struct {
	BalancerID string `json:"LoadBalancerId"`
	Port       int    `json:"ListenerPort"`
	Protocol   string `json:"ListenerProtocol"`
}

func keyOf(balancer string, l Listener) clbKey {
	return clbKey{balancer, l.Port, strings.ToLower(l.Protocol)}
}

// listenerIDOf is how Terraform's alicloud provider names a listener of CLB.
func (k clbKey) id() string { return fmt.Sprintf("%s:%s:%d", k.BalancerID, k.Protocol, k.Port) }

func (c *clb) listeners(ctx context.Context, balancer string) ([]Listener, error) {
	type item struct {
		clbKey
		Tags []struct {
			Key   string `json:"TagKey"`
			Value string `json:"TagValue"`
		} `json:"Tags"`
	}
	found, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]item, string, error) {
		in := struct {
			cloud.Page
			Balancers []string `json:"LoadBalancerId"`
		}{p, []string{balancer}}
		var out struct {
			cloud.More
			Items []item `json:"Listeners"`
		}
		err := c.call(ctx, "DescribeLoadBalancerListeners", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b item) int { return a.Port - b.Port })
	out := make([]Listener, 0, len(found))
	for _, f := range found {
		one := Listener{Port: f.Port, Protocol: strings.ToUpper(f.Protocol), ID: f.id()}
		one.Owner, _ = clbTags{f.Tags}.split()
		if one.Owner == c.owner.tag() {
			if one, err = c.listener(ctx, balancer, one); cloud.IsGone(err) {
				continue // it went in the meantime
			} else if err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// listener reads the settings of one.
func (c *clb) listener(ctx context.Context, balancer string, l Listener) (Listener, error) {
	var out clbListener
	err := c.call(ctx, fmt.Sprintf("DescribeLoadBalancer%sListenerAttribute", l.Protocol), clbKey{BalancerID: balancer, Port: l.Port}, &out)
	if err != nil {
		return l, err
	}
	l.Status, l.IdleTimeout, l.RequestTimeout, l.TLSPolicy = out.Status, int(out.Idle), int(out.Timeout), out.Policy
	l.Forwarded = Forwarded{For: truth(out.For), Proto: truth(out.Proto), SLBID: truth(out.SLBID), SLBPort: truth(out.SLBPort), ClientSrcPort: truth(out.SrcPort)}
	if out.Certificate != "" {
		l.Certificates = []string{out.Certificate}
	}
	if out.Forward == "on" {
		l.ForwardPort = int(out.ForwardPort)
	}
	return l, nil
}

func truth(s string) *bool {
	if s == "" {
		return nil
	}
	return new(s == "on")
}

// settings are what is wanted of a listener, in the API's words.
func (l Listener) settings(balancer string) clbListener {
	s := clbListener{
		BalancerID: balancer, Port: cloud.Int(l.Port), Idle: cloud.Int(l.IdleTimeout), Timeout: cloud.Int(l.RequestTimeout), Policy: l.TLSPolicy,
		For: onOff(l.Forwarded.For), Proto: onOff(l.Forwarded.Proto), SLBID: onOff(l.Forwarded.SLBID), SLBPort: onOff(l.Forwarded.SLBPort),
		SrcPort: onOff(l.Forwarded.ClientSrcPort),
	}
	if len(l.Certificates) > 0 {
		s.Certificate = l.Certificates[0]
	}
	return s
}

func (c *clb) addListener(ctx context.Context, b *Balancer, group string, want Listener) error {
	in := struct {
		clbListener
		Tags []cloud.Tag `json:"Tag"`
	}{want.settings(b.ID), c.tags(nil)}
	in.Bandwidth, in.Description, in.Sticky, in.Check, in.GroupID = -1, "Knative: "+c.owner.Name, "off", "off", group
	if want.ForwardPort != 0 {
		in.Forward, in.ForwardPort, in.ForwardCode = "on", cloud.Int(want.ForwardPort), 301
	}
	find := func(ctx context.Context) (string, error) {
		all, err := c.listeners(ctx, b.ID)
		for _, l := range all {
			if l.Port == want.Port && l.Owner == c.owner.tag() {
				return l.ID, err
			}
		}
		return "", err
	}
	id, err := cloud.Once(ctx, find, func(ctx context.Context) (string, error) {
		return keyOf(b.ID, want).id(), c.call(ctx, fmt.Sprintf("CreateLoadBalancer%sListener", want.Protocol), in, nil)
	})
	if err != nil {
		return err
	}
	want.ID = id
	return c.run(ctx, b, want)
}

func (c *clb) changeListener(ctx context.Context, b *Balancer, have, want Listener) error {
	if !have.fits(want) {
		in := want.settings(b.ID)
		if err := c.call(ctx, fmt.Sprintf("SetLoadBalancer%sListenerAttribute", want.Protocol), in, nil); err != nil {
			return err
		}
	}
	return c.run(ctx, b, have)
}

// fits says whether all that is wanted of a listener is so.
func (l Listener) fits(want Listener) bool {
	return (want.IdleTimeout == 0 || want.IdleTimeout == l.IdleTimeout) && (want.RequestTimeout == 0 || want.RequestTimeout == l.RequestTimeout) &&
		(want.TLSPolicy == "" || want.TLSPolicy == l.TLSPolicy) && (len(want.Certificates) == 0 || slices.Equal(want.Certificates, l.Certificates)) &&
		l.Forwarded.fits(want.Forwarded)
}

// run starts a listener that does not run, and waits until it does. One that was just made or stopped has to be started.
func (c *clb) run(ctx context.Context, b *Balancer, l Listener) error {
	return c.until(ctx, "listener "+l.ID, func() (bool, string, error) {
		now, err := c.listener(ctx, b.ID, l)
		if err == nil && now.Status == "stopped" {
			err = c.call(ctx, "StartLoadBalancerListener", keyOf(b.ID, l), nil)
			if e := cloud.KindOf(err); err == nil || e == cloud.Lost || e == cloud.Conflict { // it starts, or may have started meanwhile
				now, err = c.listener(ctx, b.ID, l)
			}
		}
		return now.Status == "running", now.Status, err
	})
}

func (c *clb) dropListener(ctx context.Context, b *Balancer, have Listener) error {
	err := c.call(ctx, "DeleteLoadBalancerListener", keyOf(b.ID, have), nil)
	if cloud.IsGone(err) {
		return nil
	}
	return err
}

func (c *clb) rules(ctx context.Context, b *Balancer, on Listener) ([]string, error) {
	var out struct {
		Rules struct {
			Items []struct {
				ID     string `json:"RuleId"`
				Name   string `json:"RuleName"`
				Domain string `json:"Domain"`
				URL    string `json:"Url"`
			} `json:"Rule"`
		} `json:"Rules"`
	}
	err := c.call(ctx, "DescribeRules", keyOf(b.ID, on), &out)
	if cloud.IsGone(err) {
		return nil, nil
	}
	var rules []string
	for _, r := range out.Rules.Items {
		rules = append(rules, fmt.Sprintf("%s (%s, %s%s)", r.ID, r.Name, r.Domain, r.URL))
	}
	return rules, err
}

// same says whether a listener can become the one that is wanted. Whether it redirects is settled when it is made.
func (c *clb) same(have, want Listener) bool {
	return have.Protocol == want.Protocol && have.ForwardPort == want.ForwardPort
}
