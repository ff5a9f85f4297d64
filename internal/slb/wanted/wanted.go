// Package wanted makes, of what Knative asks for, what a load balancer should look like: of KIngresses, Services and
// EndpointSlices the slb.Wanted of one SLBIngress. It is pure.
package wanted

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// Class is the ingress class, as Services name it in networking.knative.dev/ingress.class.
const Class = "slb.ingress.networking.knative.dev"

// Facts are what it is made of.
type Facts struct {
	// For is the SLBIngress; Bindings are all that share the hosts out among them, For among them.
	For      *v1alpha1.SLBIngress
	Bindings []*v1alpha1.SLBIngress
	// Cluster tells clusters apart that share a load balancer.
	Cluster string
	// Ingresses are those of the class.
	Ingresses []*netv1alpha1.Ingress
	// Services and Slices are those that Backends names, where they are there.
	Services map[types.NamespacedName]*corev1.Service
	Slices   map[types.NamespacedName][]*discoveryv1.EndpointSlice
	// Secrets are those that Secrets names, where they are there; nil: they are not read, and the listeners' own certificates serve all.
	Secrets map[types.NamespacedName]*corev1.Secret
	// ProbeRules asks for a rule more for each path, by which a probe finds out which generation it meets: see probe.
	ProbeRules bool
}

// Plan is what a load balancer should look like, and what that means for everyone.
type Plan struct {
	Wanted slb.Wanted
	// Hosts are those that are the SLBIngress's to serve, by name, with those that it cannot.
	Hosts []Host
	// Unread is how many hosts ask for the certificate of a Secret where Secrets are not read.
	Unread int
	// Conflicts are hosts that it claims and another, older SLBIngress has.
	Conflicts []Conflict
	// Floors are Revisions that need a Pod each as long as this is wanted.
	Floors []types.NamespacedName
}

// Host is one that is to be served.
type Host struct {
	HostOf
	// Generation is that of the KIngress which the plan is about.
	Generation int64
	// Rules are the keys of its rules; none where it is left out.
	Rules []string
	// LeftOut is why it is not served, and what to do.
	LeftOut string
	// Waiting is why it is served in another way than is asked for, as yet.
	Waiting string
	// Floors are Revisions that need a Pod each for it.
	Floors []types.NamespacedName
}

// HostOf is a host of a KIngress.
type HostOf struct {
	Host    string
	Ingress types.NamespacedName
}

// Conflict is a host that two SLBIngresses claim alike.
type Conflict struct {
	HostOf
	// Has is the name of the one that has it.
	Has string
}

// maker gathers a plan.
type maker struct {
	Facts
	can    abilities
	claims []claim
	plan   Plan
	groups map[string]slb.Group
	floors map[types.NamespacedName]bool
	// certificates are by their keys.
	certificates map[string]slb.Certificate
}

// Make says what is wanted.
func Make(f Facts) Plan {
	m := &maker{
		Facts: f, can: abilitiesOf(f.For.Spec.LoadBalancerType), claims: claims(f.Ingresses),
		groups: map[string]slb.Group{}, floors: map[types.NamespacedName]bool{}, certificates: map[string]slb.Certificate{},
	}
	m.plan.Wanted = Empty(f.For, f.Cluster, f.Secrets != nil)
	for _, c := range m.claims {
		winner, losers := award(f.Bindings, c)
		if slices.Contains(losers, f.For) {
			m.plan.Conflicts = append(m.plan.Conflicts, Conflict{HostOf: c.of(), Has: winner.Name})
		}
		if winner == f.For {
			m.plan.Hosts = append(m.plan.Hosts, m.host(c))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.groups)) {
		m.plan.Wanted.Groups = append(m.plan.Wanted.Groups, m.groups[key])
	}
	for _, key := range slices.Sorted(maps.Keys(m.certificates)) {
		m.plan.Wanted.Certificates = append(m.plan.Wanted.Certificates, m.certificates[key])
	}
	m.plan.Floors = sorted(m.floors)
	return m.plan
}

func sorted(revisions map[types.NamespacedName]bool) []types.NamespacedName {
	return slices.SortedFunc(maps.Keys(revisions), func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
}

// Winners tell which SLBIngress serves each host of KIngresses; a host that none serves is not in it.
func Winners(bindings []*v1alpha1.SLBIngress, ingresses []*netv1alpha1.Ingress) map[HostOf]string {
	out := map[HostOf]string{}
	for _, c := range claims(ingresses) {
		if winner, _ := award(bindings, c); winner != nil {
			out[c.of()] = winner.Name
		}
	}
	return out
}

// Empty is what is wanted of a load balancer that nothing is served by. Where Secrets are read, or were, it may have certificates.
func Empty(i *v1alpha1.SLBIngress, cluster string, secrets bool) slb.Wanted {
	w := slb.Wanted{
		Owner:          slb.Owner{Cluster: cluster, Ingress: i.Name},
		LoadBalancerID: i.Spec.LoadBalancerID, VPCID: i.Spec.VPCID, PriorityFrom: 1, PriorityTo: 10000,
		Certified: len(i.Status.Certificates) > 0 || secrets && slices.ContainsFunc(i.Spec.Listeners, isSecure),
	}
	for _, c := range i.Status.Certificates {
		w.Announced = append(w.Announced, c.ID)
	}
	if p := i.Spec.Priorities; p != nil {
		w.PriorityFrom, w.PriorityTo = int(p.From), int(p.To)
	}
	for _, l := range i.Spec.Listeners {
		w.Listeners = append(w.Listeners, slb.Listener{ID: l.ID, Port: int(l.Port), Protocol: l.Protocol})
	}
	return w
}

func isSecure(l v1alpha1.SLBListener) bool { return l.Protocol == v1alpha1.ProtocolHTTPS }

// host makes the rules of one host, or says why it is left out: whole, for a part of it would answer what another part should.
func (m *maker) host(c claim) Host {
	h := Host{HostOf: c.of(), Generation: c.ingress.Generation}
	if c.older != nil {
		h.LeftOut = "the KIngress " + c.older.Namespace + "/" + c.older.Name + ", which is older, has this host: take it out of one of the two"
		return h
	}
	draft := draft{maker: m, groups: map[string]slb.Group{}}
	if err := draft.make(c); err != nil {
		h.LeftOut = err.Error()
		return h
	}
	for _, r := range draft.rules {
		h.Rules = append(h.Rules, r.Key)
	}
	h.Waiting, h.Floors = draft.waiting, sorted(draft.floors)
	m.plan.Wanted.Rules = append(m.plan.Wanted.Rules, draft.rules...)
	maps.Copy(m.groups, draft.groups)
	maps.Copy(m.floors, draft.floors)
	with(m.certificates, draft.certificate)
	return h
}
