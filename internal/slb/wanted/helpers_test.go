package wanted

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	"knative.dev/serving/pkg/networking"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// activator is where Knative's activator is in these tests, and pods where Pods of a Revision are.
const activatorIP = "10.9.9.9"

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// cluster is what there is: facts, to be added to.
type cluster struct{ Facts }

func newCluster(of v1alpha1.LoadBalancerType, listeners ...v1alpha1.SLBListener) *cluster {
	if listeners == nil {
		listeners = []v1alpha1.SLBListener{{ID: "lsn-80", Port: 80, Protocol: "HTTP"}}
	}
	b := binding("main", 0, func(s *v1alpha1.SLBIngressSpec) { s.LoadBalancerType, s.Listeners = of, listeners })
	return &cluster{Facts{
		For: b, Bindings: []*v1alpha1.SLBIngress{b}, Cluster: "uid",
		Services: map[types.NamespacedName]*corev1.Service{}, Slices: map[types.NamespacedName][]*discoveryv1.EndpointSlice{},
	}}
}

func binding(name string, age int, with func(*v1alpha1.SLBIngressSpec)) *v1alpha1.SLBIngress {
	b := &v1alpha1.SLBIngress{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(began.Add(-time.Duration(age) * time.Hour))}}
	b.Spec.LoadBalancerID = "alb-1"
	b.Spec.LoadBalancerType = v1alpha1.ALB
	b.Spec.Listeners = []v1alpha1.SLBListener{{ID: "lsn-80", Port: 80, Protocol: "HTTP"}}
	with(&b.Spec)
	return b
}

// revision adds the Services of a Revision of Knative's: the public one leads to the activator, or to the Pods; the private one to
// the Pods.
func (c *cluster) revision(name string, proxied bool, pods ...string) *cluster {
	public := pods
	if proxied {
		public = []string{activatorIP}
	}
	c.service(name, map[string]string{serving.RevisionLabelKey: name, networking.ServiceTypeKey: "Public"}, "http", 80, 8012, public...)
	return c.service(name+"-private", map[string]string{serving.RevisionLabelKey: name, networking.ServiceTypeKey: "Private"}, "http", 80, 8012, pods...)
}

// service adds one, with endpoints: an IP, or one that is going by a leading minus.
func (c *cluster) service(name string, labels map[string]string, portName string, port, target int32, ips ...string) *cluster {
	key := types.NamespacedName{Namespace: "shop", Name: name}
	c.Services[key] = &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: name, Labels: labels},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: portName, Port: port}}},
	}
	slice := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: &portName, Port: &target}}}
	for _, ip := range ips {
		ip, going := strings.CutPrefix(ip, "-")
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: new(!going), Serving: new(true), Terminating: new(going)},
		})
	}
	c.Slices[key] = []*discoveryv1.EndpointSlice{slice}
	return c
}

// ingress adds a KIngress.
func (c *cluster) ingress(name string, rules ...netv1alpha1.IngressRule) *netv1alpha1.Ingress {
	i := &netv1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Generation: 1, CreationTimestamp: metav1.NewTime(began.Add(time.Duration(len(c.Ingresses)) * time.Minute))},
		Spec:       netv1alpha1.IngressSpec{Rules: rules},
	}
	c.Ingresses = append(c.Ingresses, i)
	return i
}

func external(host string, paths ...netv1alpha1.HTTPIngressPath) netv1alpha1.IngressRule {
	return netv1alpha1.IngressRule{Hosts: []string{host}, Visibility: netv1alpha1.IngressVisibilityExternalIP, HTTP: &netv1alpha1.HTTPIngressRuleValue{Paths: paths}}
}

func local(path netv1alpha1.HTTPIngressPath, hosts ...string) netv1alpha1.IngressRule {
	r := external("", path)
	r.Hosts, r.Visibility = hosts, netv1alpha1.IngressVisibilityClusterLocal
	return r
}

// to is a path to targets, each "service percent", of Revisions as Knative writes them: with the headers for its activator.
func to(targets ...string) netv1alpha1.HTTPIngressPath {
	var p netv1alpha1.HTTPIngressPath
	for _, t := range targets {
		var name string
		percent := 100
		_, _ = fmt.Sscan(t, &name, &percent)
		p.Splits = append(p.Splits, netv1alpha1.IngressBackendSplit{
			IngressBackend: netv1alpha1.IngressBackend{ServiceNamespace: "shop", ServiceName: name, ServicePort: intstr.FromInt32(80)}, Percent: percent,
			AppendHeaders: map[string]string{"Knative-Serving-Revision": name, "Knative-Serving-Namespace": "shop"},
		})
	}
	return p
}

// written shows a plan as text, for people to compare.
func written(p Plan) string {
	var b strings.Builder
	for _, r := range p.Wanted.Rules {
		fmt.Fprintf(&b, "rule %s on %v", r.Key, r.Ports)
		if len(r.Headers) > 0 {
			fmt.Fprintf(&b, " if %v", r.Headers)
		}
		if r.Redirect {
			b.WriteString(" redirects")
		}
		for _, t := range r.Forward {
			fmt.Fprintf(&b, " → %d%% %s", t.Percent, t.Group)
		}
		if len(r.InsertHeaders) > 0 {
			fmt.Fprintf(&b, " sets %v", r.InsertHeaders)
		}
		if r.RewriteHost != "" {
			fmt.Fprintf(&b, " as %s", r.RewriteHost)
		}
		b.WriteString("\n")
	}
	for _, g := range p.Wanted.Groups {
		fmt.Fprintf(&b, "group %s %s", g.Key, g.Protocol)
		for _, s := range g.Servers {
			fmt.Fprintf(&b, " %s:%d", s.IP, s.Port)
			if s.Draining {
				b.WriteString("(drains)")
			}
		}
		b.WriteString("\n")
	}
	for _, h := range p.Hosts {
		if h.LeftOut != "" {
			fmt.Fprintf(&b, "leaves out %s of %s: %s\n", h.Host, h.Ingress, h.LeftOut)
		}
		if h.Waiting != "" {
			fmt.Fprintf(&b, "%s waits: %s\n", h.Host, h.Waiting)
		}
	}
	for _, c := range p.Conflicts {
		fmt.Fprintf(&b, "%s is %s's\n", c.Host, c.Has)
	}
	for _, f := range p.Floors {
		fmt.Fprintf(&b, "floor %s\n", f)
	}
	return b.String()
}
