package ingress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applydiscoveryv1 "k8s.io/client-go/applyconfigurations/discovery/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/pkg/network"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// resolving is how long a load balancer's name may take to resolve.
const resolving = 5 * time.Second

// localAddress is where Pods find the cluster-local listener: a Service in the guard's namespace, for Knative sends them to port 80,
// and the listener may have another. Nothing where there is no such listener of HTTP.
func (k *Keeper) localAddress(ctx context.Context, b *v1alpha1.SLBIngress) (netv1alpha1.LoadBalancerIngressStatus, error) {
	found := slices.IndexFunc(b.Spec.Listeners, func(l v1alpha1.SLBListener) bool { return l.Visibility == "ClusterLocal" && l.Protocol == "HTTP" })
	if found < 0 || b.Spec.Address == "" {
		return netv1alpha1.LoadBalancerIngressStatus{}, nil
	}
	addresses, err := resolve(ctx, b.Spec.Address)
	if err != nil {
		return netv1alpha1.LoadBalancerIngressStatus{}, err
	}
	name, port := "slb-"+b.Name, b.Spec.Listeners[found].Port
	status := netv1alpha1.LoadBalancerIngressStatus{DomainInternal: network.GetServiceHostname(name, k.Namespace)}
	made := fmt.Sprint(b.UID, addresses, port)
	k.mu.Lock()
	before := k.of(b.Name).applied
	k.mu.Unlock()
	if made == before {
		return status, nil
	}
	owner := applymetav1.OwnerReference().WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind("SLBIngress").WithName(b.Name).WithUID(b.UID)
	service := applycorev1.Service(name, k.Namespace).WithOwnerReferences(owner).
		WithSpec(applycorev1.ServiceSpec().WithPorts(applycorev1.ServicePort().WithName("http").WithPort(80).WithProtocol(corev1.ProtocolTCP)))
	endpoints := make([]*applydiscoveryv1.EndpointApplyConfiguration, len(addresses))
	for i, a := range addresses {
		endpoints[i] = applydiscoveryv1.Endpoint().WithAddresses(a).WithConditions(applydiscoveryv1.EndpointConditions().WithReady(true))
	}
	slice := applydiscoveryv1.EndpointSlice(name, k.Namespace).WithOwnerReferences(owner).
		WithLabels(map[string]string{discoveryv1.LabelServiceName: name, discoveryv1.LabelManagedBy: "knative-guard"}).
		WithAddressType(discoveryv1.AddressTypeIPv4).WithEndpoints(endpoints...).
		WithPorts(applydiscoveryv1.EndpointPort().WithName("http").WithPort(port).WithProtocol(corev1.ProtocolTCP))
	for _, o := range []runtime.ApplyConfiguration{service, slice} {
		if err := k.Client.Apply(ctx, o, client.FieldOwner("knative-guard"), client.ForceOwnership); err != nil {
			return status, fmt.Errorf("the Service %s/%s of the cluster-local listener: %w", k.Namespace, name, err)
		}
	}
	k.mu.Lock()
	k.of(b.Name).applied = made
	k.mu.Unlock()
	return status, nil
}

// resolve gives the IPv4 addresses of a load balancer.
func resolve(ctx context.Context, address string) ([]string, error) {
	if _, err := netip.ParseAddr(address); err == nil {
		return []string{address}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolving)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", address)
	if err != nil {
		return nil, fmt.Errorf("the address of the cluster-local listener: %w", err)
	}
	out := make([]string, len(found))
	for i, a := range found {
		out[i] = a.Unmap().String()
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
