package wanted

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
)

// TestCertify holds the truth table of certify to itself.
func TestCertify(t *testing.T) {
	t.Parallel()
	pair := func(names ...string) map[string][]byte {
		chain, private := slbtest.Pair(t, names...)
		return map[string][]byte{corev1.TLSCertKey: []byte(chain), corev1.TLSPrivateKeyKey: []byte(private)}
	}
	mixed := pair(host)
	mixed[corev1.TLSPrivateKeyKey] = pair(host)[corev1.TLSPrivateKeyKey]
	for name, test := range map[string]struct {
		of     v1alpha1.LoadBalancerType
		asks   []string // its hosts, or all where there are none
		asked  bool
		reads  bool
		secret map[string][]byte // nil: it is not there
		key    string            // of the certificate that is wanted
		waits  string
	}{
		"asks for no TLS":            {v1alpha1.ALB, nil, false, true, pair(host), "", ""},
		"for another host":           {v1alpha1.ALB, []string{"other.example.com"}, true, true, pair(host), "", ""},
		"Secrets are not read":       {v1alpha1.ALB, []string{host}, true, false, nil, "", ""},
		"a CLB":                      {v1alpha1.CLB, []string{host}, true, true, pair(host), "certs/hello", ""},
		"the Secret is not there":    {v1alpha1.ALB, []string{host}, true, true, nil, "", "the Secret certs/hello with its certificate is not there"},
		"the Secret is empty":        {v1alpha1.ALB, []string{host}, true, true, map[string][]byte{}, "", "has no certificate that can be used"},
		"the key is another's":       {v1alpha1.ALB, []string{host}, true, true, mixed, "", "private key does not match"},
		"it is for other hosts":      {v1alpha1.ALB, []string{host}, true, true, pair("a.example.com", "b.example.com"), "", "is for a.example.com, b.example.com"},
		"it is for this one":         {v1alpha1.ALB, []string{host}, true, true, pair(host), "certs/hello", ""},
		"as all of its domain":       {v1alpha1.ALB, []string{strings.ToUpper(host)}, true, true, pair("*.shop.example.com"), "certs/hello", ""},
		"and for whatever it serves": {v1alpha1.ALB, nil, true, true, pair(host), "certs/hello", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(test.of, http80, https443).revision("v1", false, "10.0.0.1")
			path := to("v1")
			path.Splits[0].AppendHeaders = nil // which a CLB cannot set
			i := c.ingress("hello", external(host, path))
			if test.asked {
				i.Spec.TLS = []netv1alpha1.IngressTLS{{Hosts: test.asks, SecretNamespace: "certs", SecretName: "hello"}}
			}
			if test.reads {
				c.Secrets = map[types.NamespacedName]*corev1.Secret{}
			}
			if test.secret != nil {
				c.Secrets[types.NamespacedName{Namespace: "certs", Name: "hello"}] = &corev1.Secret{Data: test.secret}
			}
			p := Make(c.Facts)
			if len(p.Hosts) != 1 || p.Hosts[0].LeftOut != "" || len(p.Wanted.Rules) == 0 {
				t.Fatalf("it is not served: %s", written(p))
			}
			if waits := p.Hosts[0].Waiting; (waits == "") != (test.waits == "") || !strings.Contains(waits, test.waits) {
				t.Errorf("waits for %q, want %q", waits, test.waits)
			}
			got := ""
			for _, one := range p.Wanted.Certificates {
				got += one.Key
				if len(one.Ports) != 1 || one.Ports[0] != 443 || !strings.Contains(string(one.PrivateKey), "PRIVATE KEY") {
					t.Errorf("got %+v", one)
				}
			}
			for _, r := range p.Wanted.Rules {
				if r.Certificate != test.key {
					t.Errorf("a rule needs %q, want %q", r.Certificate, test.key)
				}
			}
			if unread := p.Unread == 1; unread != (test.asked && !test.reads) {
				t.Errorf("of %d hosts the Secret is not read", p.Unread)
			}
			if got != test.key {
				t.Errorf("the certificate of %q is wanted, want %q", got, test.key)
			}
		})
	}
}

// A certificate that several hosts share is there once, on all of their listeners.
func TestCertifyOnce(t *testing.T) {
	t.Parallel()
	local443 := v1alpha1.SLBListener{ID: "lsn-8443", Port: 8443, Protocol: "HTTPS", Visibility: "ClusterLocal"}
	c := newCluster(v1alpha1.ALB, http80, https443, local443).revision("v1", false, "10.0.0.1")
	i := c.ingress("hello", external("a.example.com", to("v1")), local(to("v1"), "b.example.com"))
	i.Spec.TLS = []netv1alpha1.IngressTLS{{SecretNamespace: "certs", SecretName: "all"}}
	chain, private := slbtest.Pair(t, "*.example.com")
	c.Secrets = map[types.NamespacedName]*corev1.Secret{
		{Namespace: "certs", Name: "all"}: {Data: map[string][]byte{corev1.TLSCertKey: []byte(chain), corev1.TLSPrivateKeyKey: []byte(private)}},
	}
	p := Make(c.Facts)
	if len(p.Wanted.Certificates) != 1 || len(p.Wanted.Certificates[0].Ports) != 2 {
		t.Errorf("got %+v", p.Wanted.Certificates)
	}
	if names := Secrets(c.Ingresses); len(names) != 1 {
		t.Errorf("it names %v", names)
	}
	for secrets, want := range map[bool]bool{true: true, false: false} {
		if got := Empty(c.For, "uid", secrets).Certified; got != want {
			t.Errorf("with secrets %v it may have certificates: %v", secrets, got)
		}
	}
	c.For.Status.Certificates = []v1alpha1.UploadedCertificate{{ID: "1-cn-hangzhou"}}
	if !Empty(c.For, "uid", false).Certified {
		t.Error("one that was uploaded is not looked for any more")
	}
}
