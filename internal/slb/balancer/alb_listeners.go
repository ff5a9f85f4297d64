package balancer

import (
	"context"
	"fmt"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// albListener is a listener in the API's words.
type albListener struct {
	ID        string       `json:"ListenerId"`
	Port      int          `json:"ListenerPort"`
	Protocol  string       `json:"ListenerProtocol"`
	Status    string       `json:"ListenerStatus"`
	Idle      int          `json:"IdleTimeout"`
	Timeout   int          `json:"RequestTimeout"`
	Policy    string       `json:"SecurityPolicyId"`
	Forwarded albForwarded `json:"XForwardedForConfig"`
	Tags      []cloud.Tag  `json:"Tags"`
}

// albForwarded is Forwarded in the API's words.
type albForwarded struct {
	For           *bool `json:"XForwardedForEnabled"`
	Proto         *bool `json:"XForwardedForProtoEnabled"`
	Host          *bool `json:"XForwardedForHostEnabled"`
	SLBID         *bool `json:"XForwardedForSLBIdEnabled"`
	SLBPort       *bool `json:"XForwardedForSLBPortEnabled"`
	ClientSrcPort *bool `json:"XForwardedForClientSrcPortEnabled"`
}

func (a *alb) listeners(ctx context.Context, balancer string) ([]Listener, error) {
	found, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]albListener, string, error) {
		in := struct {
			cloud.Page
			Balancers []string `json:"LoadBalancerIds"`
		}{p, []string{balancer}}
		var out struct {
			cloud.More
			Items []albListener `json:"Listeners"`
		}
		err := a.call(ctx, "ListListeners", in, &out)
		return out.Items, out.Next, err
	}, pageSize)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b albListener) int { return a.Port - b.Port })
	redirects, err := a.redirects(ctx, balancer)
	if err != nil {
		return nil, err
	}
	out := make([]Listener, 0, len(found))
	for _, l := range found {
		one := Listener{
			Port: l.Port, Protocol: l.Protocol, IdleTimeout: l.Idle, RequestTimeout: l.Timeout, TLSPolicy: l.Policy, ID: l.ID, Status: l.Status,
			Forwarded: Forwarded(l.Forwarded),
		}
		one.Owner, _ = split(l.Tags)
		if r, ok := redirects[l.ID]; ok {
			one.rule, one.ForwardPort = r.ID, r.port()
		}
		if one.Owner == a.owner.tag() && l.Protocol == "HTTPS" {
			if one.Certificates, err = a.certificates(ctx, l.ID); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// albListenerParams are what create and update have in common.
type albListenerParams struct {
	ID           string           `json:"ListenerId"`
	Certificates []albCertificate `json:"Certificates"`
	Policy       string           `json:"SecurityPolicyId"`
	Idle         int              `json:"IdleTimeout"`
	Timeout      int              `json:"RequestTimeout"`
	Forwarded    albForwarded     `json:"XForwardedForConfig"`
}

func (a *alb) addListener(ctx context.Context, b *Balancer, group string, want Listener) error {
	in := struct {
		albListenerParams
		BalancerID string      `json:"LoadBalancerId"`
		Port       int         `json:"ListenerPort"`
		Protocol   string      `json:"ListenerProtocol"`
		Type       string      `json:"DefaultActions.1.Type"`
		Group      string      `json:"DefaultActions.1.ForwardGroupConfig.ServerGroupTuples.1.ServerGroupId"`
		Name       string      `json:"ListenerDescription"`
		Tags       []cloud.Tag `json:"Tag"`
	}{
		albListenerParams{Policy: want.TLSPolicy, Idle: want.IdleTimeout, Timeout: want.RequestTimeout, Forwarded: albForwarded(want.Forwarded)},
		b.ID, want.Port, want.Protocol, "ForwardGroup", group, "Knative: " + a.owner.Name, a.tags(nil),
	}
	if len(want.Certificates) > 0 {
		in.Certificates = []albCertificate{{ID: want.Certificates[0]}}
	}
	var made struct {
		ID string `json:"ListenerId"`
		albJob
	}
	if err := a.call(ctx, "CreateListener", in, &made); err != nil {
		return err
	}
	if err := a.done(ctx, "CreateListener", albJob{made.albJob.ID}); err != nil {
		return err
	}
	have := Listener{ID: made.ID, Port: want.Port, Protocol: want.Protocol, Status: "Running"}
	if len(want.Certificates) > 0 {
		have.Certificates = want.Certificates[:1]
	}
	if err := a.certify(ctx, have, want); err != nil {
		return err
	}
	return a.redirect(ctx, have, want)
}

func (a *alb) changeListener(ctx context.Context, _ *Balancer, have, want Listener) error {
	have, err := a.steady(ctx, have)
	if err != nil {
		return err
	}
	if have.Status == "Stopped" {
		if err := a.write(ctx, "StartListener", listenerID{have.ID}); err != nil {
			return err
		}
	}
	in, changed := albListenerParams{ID: have.ID}, false
	if len(want.Certificates) > 0 && (len(have.Certificates) == 0 || have.Certificates[0] != want.Certificates[0]) {
		in.Certificates, changed = []albCertificate{{ID: want.Certificates[0]}}, true
		if err := a.release(ctx, &have, want.Certificates[0]); err != nil {
			return err
		}
	}
	if want.IdleTimeout != 0 && want.IdleTimeout != have.IdleTimeout {
		in.Idle, changed = want.IdleTimeout, true
	}
	if want.RequestTimeout != 0 && want.RequestTimeout != have.RequestTimeout {
		in.Timeout, changed = want.RequestTimeout, true
	}
	if want.TLSPolicy != "" && want.TLSPolicy != have.TLSPolicy {
		in.Policy, changed = want.TLSPolicy, true
	}
	if !have.Forwarded.fits(want.Forwarded) {
		in.Forwarded, changed = albForwarded(want.Forwarded.over(have.Forwarded)), true
	}
	if changed {
		if err := a.write(ctx, "UpdateListenerAttribute", in); err != nil {
			return err
		}
		if len(in.Certificates) > 0 { // it took the default one's place
			have.Certificates = append([]string{want.Certificates[0]}, have.Certificates[min(1, len(have.Certificates)):]...)
		}
	}
	if err := a.certify(ctx, have, want); err != nil {
		return err
	}
	return a.redirect(ctx, have, want)
}

type listenerID struct {
	ID string `json:"ListenerId"`
}

// steady waits until a listener can be changed.
func (a *alb) steady(ctx context.Context, l Listener) (Listener, error) {
	err := a.until(ctx, fmt.Sprintf("listener %s (port %d)", l.ID, l.Port), func() (bool, string, error) {
		var out albListener
		if err := a.call(ctx, "GetListenerAttribute", listenerID{l.ID}, &out); err != nil {
			return false, "", err
		}
		l.Status = out.Status
		return l.Status == "Running" || l.Status == "Stopped", l.Status, nil
	})
	return l, err
}

func (a *alb) dropListener(ctx context.Context, _ *Balancer, have Listener) error {
	if err := a.write(ctx, "DeleteListener", listenerID{have.ID}); err != nil && !cloud.IsGone(err) {
		return err
	}
	return nil
}

// same says whether a listener can become the one that is wanted: by all but its protocol.
func (a *alb) same(have, want Listener) bool { return have.Protocol == want.Protocol }
