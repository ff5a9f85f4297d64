package wanted

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// claim is a host that a KIngress has a rule for.
type claim struct {
	host    string
	ingress *netv1alpha1.Ingress
	rule    *netv1alpha1.IngressRule
	// older is the KIngress that had the host first; nil where it is this one.
	older *netv1alpha1.Ingress
}

func (c claim) of() HostOf {
	return HostOf{Host: c.host, Ingress: types.NamespacedName{Namespace: c.ingress.Namespace, Name: c.ingress.Name}}
}

func (c claim) local() bool { return c.rule.Visibility == netv1alpha1.IngressVisibilityClusterLocal }

// claims are all, by host; of those for one host the oldest KIngress's is the first, and counts.
func claims(ingresses []*netv1alpha1.Ingress) []claim {
	var all []claim
	for _, i := range ingresses {
		if i.DeletionTimestamp != nil {
			continue
		}
		seen := map[string]bool{} // a KIngress that names a host twice means the first
		for r := range i.Spec.Rules {
			rule := &i.Spec.Rules[r]
			for _, host := range rule.Hosts {
				host = strings.ToLower(host)
				if rule.HTTP != nil && !seen[host] {
					all = append(all, claim{host: host, ingress: i, rule: rule})
				}
				seen[host] = true
			}
		}
	}
	slices.SortFunc(all, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.host, b.host), older(a.ingress, b.ingress))
	})
	for i := 1; i < len(all); i++ {
		if first := all[i-1]; first.host == all[i].host {
			all[i].older = first.ingress
			if first.older != nil {
				all[i].older = first.older
			}
		}
	}
	return all
}

// older orders by age, and by name what is of one age.
func older(a, b metav1.Object) int {
	return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
}

// award gives a host to one of the SLBIngresses, if there is one for it, and tells who claims it alike and does not get it: the
// older has it.
func award(bindings []*v1alpha1.SLBIngress, c claim) (winner *v1alpha1.SLBIngress, losers []*v1alpha1.SLBIngress) {
	best := 0
	var alike []*v1alpha1.SLBIngress
	for _, b := range bindings {
		switch rank := rankOf(b, c); {
		case rank == 0:
		case rank > best:
			best, alike = rank, []*v1alpha1.SLBIngress{b}
		case rank == best:
			alike = append(alike, b)
		}
	}
	if len(alike) == 0 {
		return nil, nil
	}
	slices.SortFunc(alike, func(a, b *v1alpha1.SLBIngress) int { return older(a, b) })
	return alike[0], alike[1:]
}

// How well an SLBIngress fits a host.
const (
	servesAll = iota + 1
	servesRest
	servesNamespace
	servesHost // and the length of what it names, so that the exact name goes before *.example.com
)

// rankOf tells how well an SLBIngress fits a host:
//
//	has a listener for it   names hosts         names namespaces    default   rank
//	no                      whatever            whatever            -         none
//	yes                     this one            this one, or none   -         servesHost and more
//	yes                     none                this one            -         servesNamespace
//	yes                     whatever            whatever            yes       servesRest
//	yes                     none                none                no        servesAll
//	yes                     others              whatever            no        none
//	yes                     whatever            others              no        none
//
// Hosts are external ones: what is for the cluster alone goes by the namespace.
func rankOf(b *v1alpha1.SLBIngress, c claim) int {
	if b.DeletionTimestamp != nil || len(Listeners(b, c.local())) == 0 {
		return 0
	}
	namespace := len(b.Spec.Namespaces) == 0 || slices.Contains(b.Spec.Namespaces, c.ingress.Namespace)
	named, hosts := 0, len(b.Spec.Hosts)
	if c.local() {
		hosts = 0
	} else {
		for _, pattern := range b.Spec.Hosts {
			if matches(pattern, c.host) {
				named = max(named, len(pattern))
			}
		}
	}
	switch {
	case namespace && named > 0:
		return servesHost + named
	case namespace && hosts == 0 && len(b.Spec.Namespaces) > 0:
		return servesNamespace
	case b.Spec.Default:
		return servesRest
	case namespace && hosts == 0:
		return servesAll
	}
	return 0
}

// matches says that a host is meant by shop.example.com, or by *.example.com.
func matches(pattern, host string) bool {
	pattern = strings.ToLower(pattern)
	if domain, wild := strings.CutPrefix(pattern, "*."); wild {
		return strings.HasSuffix(host, "."+domain) && len(host) > len(domain)+1
	}
	return pattern == host
}

// Listeners are those of an SLBIngress for hosts that are for the cluster alone, or for all others.
func Listeners(b *v1alpha1.SLBIngress, local bool) []v1alpha1.SLBListener {
	return slices.DeleteFunc(slices.Clone(b.Spec.Listeners), func(l v1alpha1.SLBListener) bool {
		return (l.Visibility == "ClusterLocal") != local
	})
}
