package ingress

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// ingressStatus is what a KIngress's status should say, if that is known:
//
//	its hosts                                       NetworkConfigured   LoadBalancerReady
//	one is not looked at yet in this generation     (not known: it stays as it is)
//	the cloud cannot be asked, and it was Ready     (not known: it stays as it is)
//	no SLBIngress has one                           False               Unknown
//	one is left out                                 False               Unknown
//	one waits                                       True                Unknown
//	all are served                                  True                True
//
// Ready means that the API says so: rules are in force on all listeners, and each group with a share has a healthy server. Nothing is
// sent through the balancer to find out, for the guard may have no way to a public address.
// Hosts that are for the cluster alone count only where an SLBIngress has a listener for them, or where there are no others.
func ingressStatus(i *netv1alpha1.Ingress, winners map[wanted.HostOf]string, states map[string]memory) (netv1alpha1.IngressStatus, bool) {
	var refused, waiting []string
	var public, local []netv1alpha1.LoadBalancerIngressStatus
	external := slices.ContainsFunc(i.Spec.Rules, func(r netv1alpha1.IngressRule) bool { return !isLocal(r) })
	for _, r := range i.Spec.Rules {
		for _, host := range r.Hosts {
			of := wanted.HostOf{Host: strings.ToLower(host), Ingress: types.NamespacedName{Namespace: i.Namespace, Name: i.Name}}
			winner, found := winners[of]
			if !found {
				if !isLocal(r) || !external {
					refused = append(refused, host+": no SLBIngress serves it: name its namespace or host in one, with a listener for its visibility")
				}
				continue
			}
			s := states[winner]
			state, known := s.hosts[of]
			switch {
			case !known || state.generation != i.Generation, state.unknown && i.IsReady():
				return i.Status, false
			case state.leftOut != "":
				refused = append(refused, host+": "+state.leftOut)
			case state.waiting != "":
				waiting = append(waiting, host+": "+state.waiting)
			case isLocal(r):
				local = addressOnce(local, s.local)
			default:
				public = addressOnce(public, s.public)
			}
			if !isLocal(r) && s.public == (netv1alpha1.LoadBalancerIngressStatus{}) {
				waiting = append(waiting, fmt.Sprintf("%s: the SLBIngress %s has no address: give it one", host, winner))
			}
		}
	}
	next := *i.Status.DeepCopy()
	next.InitializeConditions()
	next.ObservedGeneration = i.Generation
	conditions := i.GetConditionSet().Manage(&next)
	if len(refused) > 0 {
		next.MarkLoadBalancerNotReady()
		conditions.MarkFalse(netv1alpha1.IngressConditionNetworkConfigured, "LeftOut", "%s", some(refused))
		return next, true
	}
	next.MarkNetworkConfigured()
	if len(waiting) > 0 {
		conditions.MarkUnknown(netv1alpha1.IngressConditionLoadBalancerReady, "Waiting", "%s", some(waiting))
		return next, true
	}
	if len(public) == 0 {
		public = elsewhere(states)
	}
	next.MarkLoadBalancerReady(public, local)
	return next, true
}

func isLocal(r netv1alpha1.IngressRule) bool {
	return r.Visibility == netv1alpha1.IngressVisibilityClusterLocal
}

// addressOnce keeps one address: Knative's Routes refuse several.
func addressOnce(have []netv1alpha1.LoadBalancerIngressStatus, one netv1alpha1.LoadBalancerIngressStatus) []netv1alpha1.LoadBalancerIngressStatus {
	if len(have) > 0 || one == (netv1alpha1.LoadBalancerIngressStatus{}) {
		return have
	}
	return []netv1alpha1.LoadBalancerIngressStatus{one}
}

// elsewhere is where external hosts are served, for a KIngress that has none: whoever reads its status expects an address.
func elsewhere(states map[string]memory) []netv1alpha1.LoadBalancerIngressStatus {
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if found := addressOnce(nil, states[name].public); found != nil {
			return found
		}
	}
	return nil
}

// publicAddress is that of an SLBIngress with a listener for external hosts.
func publicAddress(b *v1alpha1.SLBIngress) netv1alpha1.LoadBalancerIngressStatus {
	if len(wanted.Listeners(b, false)) == 0 {
		return netv1alpha1.LoadBalancerIngressStatus{}
	}
	if _, err := netip.ParseAddr(b.Spec.Address); err == nil {
		return netv1alpha1.LoadBalancerIngressStatus{IP: b.Spec.Address}
	}
	return netv1alpha1.LoadBalancerIngressStatus{Domain: b.Spec.Address}
}

// shown is how many of a list are written out.
const shown = 3

func some(list []string) string {
	if len(list) <= shown {
		return strings.Join(list, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(list[:shown], "; "), len(list)-shown)
}
