package wanted

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

var (
	http80   = v1alpha1.SLBListener{ID: "lsn-80", Port: 80, Protocol: "HTTP"}
	https443 = v1alpha1.SLBListener{ID: "lsn-443", Port: 443, Protocol: "HTTPS"}
	local81  = v1alpha1.SLBListener{ID: "lsn-81", Port: 81, Protocol: "HTTP", Visibility: "ClusterLocal"}
)

const host = "hello.shop.example.com"

// TestMake holds what is made of a cluster to what people read.
func TestMake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   func() *cluster
		want string
	}{
		"one target, by the activator": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", true)
				c.ingress("hello", external(host, to("v1")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
group shop/v1:80 HTTP 10.9.9.9:8012
`,
		},
		"a split goes to Pods, whatever Knative has before them": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", true, "10.0.0.1", "10.0.0.2").revision("v2", false, "10.0.0.3")
				c.ingress("hello", external(host, to("v1 70", "v2 30")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 70% shop/v1-private:http → 30% shop/v2-private:http
group shop/v1-private:http HTTP 10.0.0.1:8012 10.0.0.2:8012
group shop/v2-private:http HTTP 10.0.0.3:8012
floor shop/v1
floor shop/v2
`,
		},
		"a part of a split without a Pod: the others, meanwhile": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", true, "10.0.0.1").revision("v2", true).revision("v3", true, "10.0.0.3")
				c.ingress("hello", external(host, to("v1 50", "v2 30", "v3 20")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 71% shop/v1-private:http → 29% shop/v3-private:http
group shop/v1-private:http HTTP 10.0.0.1:8012
group shop/v3-private:http HTTP 10.0.0.3:8012
hello.shop.example.com waits: no Pod of v2 is ready
floor shop/v1
floor shop/v2
floor shop/v3
`,
		},
		"a split without any Pod: the largest part, by the activator": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", true).revision("v2", true)
				c.ingress("hello", external(host, to("v1 30", "v2 70")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v2:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v2]
group shop/v2:80 HTTP 10.9.9.9:8012
hello.shop.example.com waits: no Pod of v1, v2 is ready
floor shop/v1
floor shop/v2
`,
		},
		"targets without a share, and one twice": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", false, "10.0.0.1").revision("v2", false, "10.0.0.2")
				c.ingress("hello", external(host, to("v1 60", "v2 0", "v1 40")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
group shop/v1:80 HTTP 10.0.0.1:8012
`,
		},
		"a Pod that goes": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", true, "-10.0.0.1", "10.0.0.2").revision("v2", true, "-10.0.0.3")
				c.ingress("hello", external(host, to("v1 70", "v2 30")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v1-private:http
group shop/v1-private:http HTTP 10.0.0.1:8012(drains) 10.0.0.2:8012
hello.shop.example.com waits: no Pod of v2 is ready
floor shop/v1
floor shop/v2
`,
		},
		"a CLB sets no headers: Pods, always": {
			func() *cluster {
				c := newCluster(v1alpha1.CLB).revision("v1", true, "10.0.0.1").revision("v2", true)
				c.ingress("hello", external(host, to("v1")))
				c.ingress("other", external("other.example.com", to("v2")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v1-private:http
rule other.example.com| on [80] → 100% shop/v2-private:http
group shop/v1-private:http HTTP 10.0.0.1:8012
group shop/v2-private:http HTTP
other.example.com waits: no Pod of v2 is ready
floor shop/v1
floor shop/v2
`,
		},
		"paths and headers in their order; headers for all": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).service("a", nil, "http", 80, 8080, "10.0.0.1").service("b", nil, "http", 80, 8080, "10.0.0.2")
				tagged, first, rest := to("a"), to("a 50", "b 50"), to("b")
				tagged.Headers = map[string]netv1alpha1.HeaderMatch{"Knative-Serving-Tag": {Exact: "canary"}}
				first.Path = "/first/"
				rest.AppendHeaders = map[string]string{"Knative-Serving-Default-Route": "true"}
				for _, p := range []*netv1alpha1.HTTPIngressPath{&tagged, &first, &rest} {
					for i := range p.Splits {
						p.Splits[i].AppendHeaders = map[string]string{"X-All": "yes"}
					}
				}
				c.ingress("hello", external(host, tagged, first, rest))
				return c
			}, `
rule hello.shop.example.com||knative-serving-tag=canary on [80] if map[Knative-Serving-Tag:canary] → 100% shop/a:80 sets map[X-All:yes]
rule hello.shop.example.com|/first on [80] → 50% shop/a:80 → 50% shop/b:80 sets map[X-All:yes]
rule hello.shop.example.com| on [80] → 100% shop/b:80 sets map[Knative-Serving-Default-Route:true X-All:yes]
group shop/a:80 HTTP 10.0.0.1:8080
group shop/b:80 HTTP 10.0.0.2:8080
`,
		},
		"visibility": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB, http80, https443, local81).revision("v1", false, "10.0.0.1")
				c.ingress("hello", external(host, to("v1")), local(to("v1"), "hello.shop", "hello.shop.svc"))
				return c
			}, `
rule hello.shop| on [81] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
rule hello.shop.example.com| on [80 443] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
rule hello.shop.svc| on [81] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
group shop/v1:80 HTTP 10.0.0.1:8012
`,
		},
		"a redirect": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB, http80, https443, local81).revision("v1", false, "10.0.0.1")
				c.ingress("hello", external(host, to("v1")), local(to("v1"), "hello.shop")).Spec.HTTPOption = netv1alpha1.HTTPOptionRedirected
				return c
			}, `
rule hello.shop| on [81] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
rule hello.shop.example.com|redirect on [80] redirects
rule hello.shop.example.com| on [443] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
group shop/v1:80 HTTP 10.0.0.1:8012
`,
		},
		"HTTP/2 without TLS": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB, http80, https443).service("grpc", nil, "http2", 80, 9000, "10.0.0.1")
				c.ingress("hello", external(host, to("grpc")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/grpc:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:grpc]
rule hello.shop.example.com||https on [443] → 100% shop/grpc:80/http2 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:grpc]
group shop/grpc:80 HTTP 10.0.0.1:9000
group shop/grpc:80/http2 gRPC 10.0.0.1:9000
`,
		},
		"a host that stands for another": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", false, "10.0.0.1").revision("v2", false, "10.0.0.2")
				c.Services[types.NamespacedName{Namespace: "shop", Name: "hello"}] = &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "gateway"}}
				vanity := to("hello")
				vanity.RewriteHost, vanity.Splits[0].AppendHeaders = "hello.shop.svc.cluster.local", nil
				c.ingress("hello", local(to("v1 70", "v2 30"), "hello.shop.svc.cluster.local"))
				c.ingress("vanity", external("www.example.com", vanity))
				return c
			}, `
rule www.example.com| on [80] → 70% shop/v1-private:http → 30% shop/v2-private:http as hello.shop.svc.cluster.local
group shop/v1-private:http HTTP 10.0.0.1:8012
group shop/v2-private:http HTTP 10.0.0.2:8012
floor shop/v1
floor shop/v2
`,
		},
		"two KIngresses of one host": {
			func() *cluster {
				c := newCluster(v1alpha1.ALB).revision("v1", false, "10.0.0.1")
				c.ingress("hello", external(host, to("v1")))
				c.ingress("usurper", external(strings.ToUpper(host), to("v1")), external("mine.example.com", to("v1")))
				return c
			}, `
rule hello.shop.example.com| on [80] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
rule mine.example.com| on [80] → 100% shop/v1:80 sets map[Knative-Serving-Namespace:shop Knative-Serving-Revision:v1]
group shop/v1:80 HTTP 10.0.0.1:8012
leaves out hello.shop.example.com of shop/usurper: the KIngress shop/hello, which is older, has this host: take it out of one of the two
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), written(Make(c.of().Facts))); diff != "" {
				t.Errorf("wanted -, got +:\n%s", diff)
			}
		})
	}
}

// TestMakeLeavesOut holds each thing that cannot be served to its reason.
func TestMakeLeavesOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of       v1alpha1.LoadBalancerType
		with     func(*cluster, *netv1alpha1.Ingress)
		contains string
	}{
		"a redirect without HTTPS": {v1alpha1.ALB, func(_ *cluster, i *netv1alpha1.Ingress) { i.Spec.HTTPOption = netv1alpha1.HTTPOptionRedirected }, "no HTTPS listener to redirect to"},
		"TLS without HTTPS": {v1alpha1.ALB, func(_ *cluster, i *netv1alpha1.Ingress) {
			i.Spec.TLS = []netv1alpha1.IngressTLS{{Hosts: []string{host}}}
		}, "it asks for TLS"},
		"headers of each target": {v1alpha1.ALB, func(_ *cluster, i *netv1alpha1.Ingress) {
			splits := i.Spec.Rules[0].HTTP.Paths[0].Splits
			splits[0].AppendHeaders["X"] = "1"
		}, "sets other headers for v2 than for v1"},
		"an ExternalName": {v1alpha1.ALB, func(c *cluster, _ *netv1alpha1.Ingress) {
			c.Services[types.NamespacedName{Namespace: "shop", Name: "v1"}].Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "elsewhere"}
		}, "stands for the name elsewhere"},
		"no such port": {v1alpha1.ALB, func(c *cluster, _ *netv1alpha1.Ingress) {
			c.Services[types.NamespacedName{Namespace: "shop", Name: "v1"}].Spec.Ports[0].Port = 81
		}, "has no port 80"},
		"a CLB and a header to match": {v1alpha1.CLB, func(_ *cluster, i *netv1alpha1.Ingress) {
			i.Spec.Rules[0].HTTP.Paths[0].Headers = map[string]netv1alpha1.HeaderMatch{"Knative-Serving-Tag": {Exact: "x"}}
		}, "it goes by the header Knative-Serving-Tag, and a CLB cannot"},
		"a CLB and a header to set": {v1alpha1.CLB, func(_ *cluster, i *netv1alpha1.Ingress) {
			i.Spec.Rules[0].HTTP.Paths[0].AppendHeaders = map[string]string{"X": "1"}
		}, "the header X is to be set, and a CLB cannot"},
		"a CLB and a Host to rewrite": {v1alpha1.CLB, func(_ *cluster, i *netv1alpha1.Ingress) { i.Spec.Rules[0].HTTP.Paths[0].RewriteHost = "other" }, "rewritten to other, and a CLB cannot"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := newCluster(c.of).revision("v1", false, "10.0.0.1").revision("v2", false, "10.0.0.2")
			c.with(facts, facts.ingress("hello", external(host, to("v1 50", "v2 50"))))
			plan := Make(facts.Facts)
			if len(plan.Wanted.Rules)+len(plan.Wanted.Groups) != 0 || len(plan.Hosts) != 1 || !strings.Contains(plan.Hosts[0].LeftOut, c.contains) {
				t.Errorf("got %s, want it left out as %q", written(plan), c.contains)
			}
		})
	}
}

// TestProbeRules holds those to Knative's contract: before the others, by the hash of this generation.
func TestProbeRules(t *testing.T) {
	t.Parallel()
	c := newCluster(v1alpha1.ALB).revision("v1", false, "10.0.0.1")
	i := c.ingress("hello", external(host, to("v1")))
	c.ProbeRules = true
	before := Make(c.Facts).Wanted.Rules
	i.Spec.Rules[0].HTTP.Paths[0].AppendHeaders = map[string]string{"X": "1"}
	after := Make(c.Facts).Wanted.Rules
	if len(after) != 2 || after[0].Headers["K-Network-Hash"] != "override" || after[1].Headers != nil || after[1].InsertHeaders["K-Network-Hash"] != "" {
		t.Fatalf("got %+v", after)
	}
	if hash := after[0].InsertHeaders["K-Network-Hash"]; len(hash) != 64 || hash == before[0].InsertHeaders["K-Network-Hash"] {
		t.Errorf("the hash is %q, and was %q", hash, before[0].InsertHeaders["K-Network-Hash"])
	}
}

// TestRescale holds percents to their sum and their order.
func TestRescale(t *testing.T) {
	t.Parallel()
	for a := 1; a < 100; a++ {
		for b := 1; a+b < 100; b++ {
			targets := []target{{percent: a}, {percent: b}}
			rescale(targets)
			exact := 100 * float64(a) / float64(a+b)
			if off := float64(targets[0].percent) - exact; targets[0].percent+targets[1].percent != 100 || off >= 1 || off <= -1 {
				t.Fatalf("%d:%d became %d:%d", a, b, targets[0].percent, targets[1].percent)
			}
		}
	}
}
