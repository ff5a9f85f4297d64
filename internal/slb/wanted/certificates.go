package wanted

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
)

// Secrets are those that KIngresses name for TLS.
func Secrets(ingresses []*netv1alpha1.Ingress) map[types.NamespacedName]bool {
	out := map[types.NamespacedName]bool{}
	for _, i := range ingresses {
		for _, t := range i.Spec.TLS {
			out[secretOf(t)] = true
		}
	}
	return out
}

func secretOf(t netv1alpha1.IngressTLS) types.NamespacedName {
	return types.NamespacedName{Namespace: t.SecretNamespace, Name: t.SecretName}
}

// tlsOf is what a KIngress asks for a host, if it does.
func tlsOf(c claim) (netv1alpha1.IngressTLS, bool) {
	i := slices.IndexFunc(c.ingress.Spec.TLS, func(t netv1alpha1.IngressTLS) bool {
		return len(t.Hosts) == 0 || slices.ContainsFunc(t.Hosts, func(h string) bool { return strings.EqualFold(h, c.host) })
	})
	if i < 0 {
		return netv1alpha1.IngressTLS{}, false
	}
	return c.ingress.Spec.TLS[i], true
}

// certify gives the key of the certificate that a host's rules need on HTTPS listeners, and puts it among those that are wanted:
//
//	asks for TLS  Secrets are read  its Secret                     then
//	no            -                 -                              none
//	yes           no                -                              none: the listener's own serve it
//	yes           yes               is not there                   none, and it waits
//	yes           yes               has no pair, or no such host   none, and it waits
//	yes           yes               has a pair for the host        this one
//
// A host that waits is served all the same: whoever makes the certificate may prove by HTTP that the host is theirs.
func (d *draft) certify(c claim, secure []int) string {
	asked, ok := tlsOf(c)
	if !ok || len(secure) == 0 {
		return ""
	}
	if d.Secrets == nil {
		d.plan.Unread++
		return ""
	}
	name := secretOf(asked)
	secret := d.Secrets[name]
	if secret == nil {
		d.waiting = fmt.Sprintf("the Secret %s with its certificate is not there, or not of the type %s", name, corev1.SecretTypeTLS)
		return ""
	}
	chain, private := secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]
	pair, err := tls.X509KeyPair(chain, private)
	if err != nil {
		d.waiting = fmt.Sprintf("the Secret %s has no certificate that can be used: %v", name, err)
		return ""
	}
	if names := pair.Leaf.DNSNames; len(names) > 0 && pair.Leaf.VerifyHostname(c.host) != nil {
		d.waiting = fmt.Sprintf("the certificate of the Secret %s is for %s: it needs one for this host", name, some(names))
		return ""
	}
	d.certificate = slb.Certificate{Key: name.String(), Names: pair.Leaf.DNSNames, Ports: secure, Chain: string(chain), PrivateKey: slb.PrivateKey(private)}
	return d.certificate.Key
}

// some are the first of names.
func some(names []string) string {
	const shown = 3
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}

// with puts a certificate among others; one that is there already has the ports of both.
func with(certificates map[string]slb.Certificate, one slb.Certificate) {
	if one.Key == "" {
		return
	}
	ports := slices.Concat(certificates[one.Key].Ports, one.Ports)
	slices.Sort(ports)
	one.Ports = slices.Compact(ports)
	certificates[one.Key] = one
}
