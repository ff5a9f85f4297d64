package slbsim

import (
	"maps"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/plane"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim/wire"
)

type clbListenerKey struct {
	BalancerID string `json:"LoadBalancerId" check:"required"`
	Port       int    `json:"ListenerPort" check:"required,1..65535"`
	Protocol   string `json:"ListenerProtocol" check:"in=http|https|tcp"`
}

func (s *Sim) clbGetListener(protocol plane.Protocol) func(*wire.Call, clbListenerKey) (any, error) {
	return func(_ *wire.Call, p clbListenerKey) (any, error) {
		b, err := s.clbFind(p.BalancerID)
		if err != nil {
			return nil, err
		}
		l, err := s.clbListenerAt(b, p.Port, protocol)
		if err != nil {
			return nil, err
		}
		return s.clbListenerView(l), nil
	}
}

func (s *Sim) clbListenerView(l *clbListener) any {
	return struct {
		*clbListener
		Tags  any `json:"Tags"`
		Rules any `json:"Rules"`
	}{l, l.tags.clb(), reply{"Rule": s.clbRulesOf(l)}}
}

type clbListListenersParams struct {
	tokenPage
	Balancers []string    `json:"LoadBalancerId" check:"0..10"`
	Port      *int        `json:"ListenerPort"`
	Protocol  string      `json:"ListenerProtocol"`
	Tags      []tagFilter `json:"Tag"`
}

func (s *Sim) clbListListeners(_ *wire.Call, p clbListListenersParams) (any, error) {
	type view struct {
		*clbListener
		Protocol string `json:"ListenerProtocol"`
		Tags     any    `json:"Tags"`
	}
	var found []view
	for _, b := range s.clb.balancers.where(func(b *clbBalancer) bool { return among(p.Balancers, b.ID) }) {
		for _, port := range slices.Sorted(maps.Keys(b.listeners)) {
			l := b.listeners[port]
			if or(p.Port, port) == port && like(p.Protocol, l.protocolName()) && l.tags.match(p.Tags) {
				found = append(found, view{l, l.protocolName(), l.tags.clb()["Tag"]})
			}
		}
	}
	items, frame, err := cut(found, func(v view) string { return v.key() }, p.tokenPage, wire.Classic)
	return struct {
		tokenReply
		Items []view `json:"Listeners"`
	}{frame, items}, err
}

func (l *clbListener) protocolName() string { return strings.ToLower(string(l.protocol)) }
