package wanted

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	netapi "knative.dev/networking/pkg/apis/networking"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	"knative.dev/serving/pkg/networking"
	"knative.dev/serving/pkg/reconciler/serverlessservice/resources/names"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// backend is a port of a Service, and what is behind it.
type backend struct {
	key      string // of its group
	service  types.NamespacedName
	port     string // its name
	http2    bool   // without TLS
	servers  []slb.Server
	revision types.NamespacedName // where it is Knative's
}

// Backends are the Services that KIngresses lead to, and those of the Pods behind them.
func Backends(ingresses []*netv1alpha1.Ingress) map[types.NamespacedName]bool {
	out := map[types.NamespacedName]bool{}
	for _, i := range ingresses {
		for _, r := range i.Spec.Rules {
			if r.HTTP == nil {
				continue
			}
			for _, p := range r.HTTP.Paths {
				for _, s := range p.Splits {
					out[types.NamespacedName{Namespace: s.ServiceNamespace, Name: s.ServiceName}] = true
					out[types.NamespacedName{Namespace: s.ServiceNamespace, Name: names.PrivateService(s.ServiceName)}] = true
				}
			}
		}
	}
	return out
}

// backendOf finds what is behind a Service. One that is not there yet has no servers.
func (d *draft) backendOf(b netv1alpha1.IngressBackend) (backend, error) {
	out := backend{service: types.NamespacedName{Namespace: b.ServiceNamespace, Name: b.ServiceName}}
	out.key = fmt.Sprintf("%s:%s", out.service, b.ServicePort.String())
	s := d.Services[out.service]
	if s == nil {
		return out, nil
	}
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		return out, fmt.Errorf("its Service %s stands for the name %s, and a load balancer forwards to addresses: name a Service with Pods", out.service, s.Spec.ExternalName)
	}
	if revision := s.Labels[serving.RevisionLabelKey]; revision != "" {
		out.revision = types.NamespacedName{Namespace: s.Namespace, Name: revision}
	}
	i := slices.IndexFunc(s.Spec.Ports, func(p corev1.ServicePort) bool {
		return b.ServicePort.Type == intstr.Int && p.Port == b.ServicePort.IntVal || b.ServicePort.Type == intstr.String && p.Name == b.ServicePort.StrVal
	})
	if i < 0 {
		return out, fmt.Errorf("its Service %s has no port %s", out.service, b.ServicePort.String())
	}
	out.port, out.http2 = s.Spec.Ports[i].Name, speaksHTTP2(s.Spec.Ports[i])
	out.servers = servers(d.Slices[out.service], out.port)
	return out, nil
}

// podsOf is the Service of the Pods themselves, where Knative may have put its activator before them.
func (d *draft) podsOf(b backend) (backend, error) {
	s := d.Services[b.service]
	if s == nil || s.Labels[networking.ServiceTypeKey] != string(networking.ServiceTypePublic) {
		return b, nil
	}
	revision := b.revision
	private := netv1alpha1.IngressBackend{ServiceNamespace: b.service.Namespace, ServiceName: names.PrivateService(b.service.Name), ServicePort: intstr.FromString(b.port)}
	out, err := d.backendOf(private)
	out.revision = revision
	return out, err
}

func speaksHTTP2(p corev1.ServicePort) bool {
	if p.AppProtocol != nil {
		return *p.AppProtocol == netapi.AppProtocolH2C
	}
	return p.Name == netapi.ServicePortNameH2C || p.Name == "h2c"
}

// servers are the endpoints of a port of a Service:
//
//	ready   serving   terminating   is
//	yes     -         -             a server
//	no      yes       yes           a server that drains: it answers what it has, and gets nothing new
//	no      -         -             none
func servers(of []*discoveryv1.EndpointSlice, port string) []slb.Server {
	found := map[string]slb.Server{}
	for _, s := range of {
		i := slices.IndexFunc(s.Ports, func(p discoveryv1.EndpointPort) bool {
			return p.Port != nil && (p.Name == nil && port == "" || p.Name != nil && *p.Name == port)
		})
		if i < 0 || s.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, e := range s.Endpoints {
			ready := e.Conditions.Ready == nil || *e.Conditions.Ready
			drains := !ready && is(e.Conditions.Serving) && is(e.Conditions.Terminating)
			if len(e.Addresses) == 0 || !ready && !drains {
				continue
			}
			server := slb.Server{IP: e.Addresses[0], Port: int(*s.Ports[i].Port), Draining: drains}
			if before, twice := found[server.IP]; !twice || before.Draining {
				found[server.IP] = server
			}
		}
	}
	out := make([]slb.Server, 0, len(found))
	for _, s := range found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b slb.Server) int { return cmp.Compare(a.IP, b.IP) })
	return out
}

func is(b *bool) bool { return b != nil && *b }
