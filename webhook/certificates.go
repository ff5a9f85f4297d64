package main

import (
	"flag"
	"fmt"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// certificates are those of the webhook's server.
type certificates struct {
	dir, secret, service, webhook string
	rotate                        bool
	validity, ahead, check        time.Duration
	authority                     time.Duration
}

func (c *certificates) flags() {
	flag.StringVar(&c.dir, "certificate-dir", "/certificates", "where tls.crt and tls.key are: a Secret's volume. They are read again when they change")
	flag.BoolVar(&c.rotate, "rotate-certificates", true, "make and rotate the certificates; false where cert-manager does")
	flag.StringVar(&c.secret, "certificate-secret", "knative-guard-tls", "the Secret in the guard's namespace that certificates are kept in")
	flag.StringVar(&c.service, "service", "knative-guard", "the Service in the guard's namespace that the API server calls")
	flag.StringVar(&c.webhook, "webhook-configuration", "knative-guard", "the ValidatingWebhookConfiguration, and the MutatingWebhookConfiguration, that get the CA")
	flag.DurationVar(&c.validity, "certificate-validity", 365*24*time.Hour, "how long a server certificate is valid")
	flag.DurationVar(&c.ahead, "certificate-renewal", 90*24*time.Hour, "how long before its end a certificate is made anew")
	flag.DurationVar(&c.authority, "ca-validity", 10*365*24*time.Hour, "how long a CA is valid. A new one is trusted beside it at twice -certificate-renewal before its end, and signs once the API server trusts it")
	flag.DurationVar(&c.check, "certificate-check", 12*time.Hour, "how often that is looked at")
}

// start rotates certificates, and says when there are some and the API server knows their CA. Every replica does, for each needs
// them to start; they agree by the Secret's resource version.
//
// A server certificate is made anew with the CA it had, and a new CA is trusted before it signs. So a replica whose volume still has
// the last one, for a minute or so, is trusted all the same.
func (c *certificates) start(m ctrl.Manager, namespace string) (<-chan struct{}, error) {
	ready := make(chan struct{})
	if !c.rotate {
		close(ready)
		return ready, nil
	}
	host := fmt.Sprintf("%s.%s.svc", c.service, namespace)
	r := &rotator.CertRotator{
		SecretKey: types.NamespacedName{Namespace: namespace, Name: c.secret},
		CertDir:   c.dir, CAName: "knative-guard", CAOrganization: "knative-guard", DNSName: host, ExtraDNSNames: []string{host + ".cluster.local"},
		IsReady: ready, Webhooks: []rotator.WebhookInfo{{Name: c.webhook, Type: rotator.Validating}, {Name: c.webhook, Type: rotator.Mutating}}, FieldOwner: "knative-guard",
		ControllerName: "certificates-" + c.webhook,
		CaCertDuration: c.authority, ServerCertDuration: c.validity, LookaheadInterval: c.ahead, RotationCheckFrequency: c.check,
	}
	// Twice as early as cert-controller would, which trusts a new CA only.
	a := &authority{writer: m.GetClient(), live: m.GetAPIReader(), secret: r.SecretKey, webhook: c.webhook, validity: c.authority, ahead: 2 * c.ahead, settles: c.check, create: r.CreateCACert}
	if err := m.Add(manager.RunnableFunc(a.run)); err != nil {
		return nil, err
	}
	return ready, rotator.AddRotator(m, r)
}
