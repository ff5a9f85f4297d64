package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/slbtest"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
	"github.com/knative-provider/terraform-provider-knative/internal/slbsim"
)

// TestAccSLBCertificates is a DomainMapping with a certificate of its own, in a Secret: it waits for the Secret, serves with what is in
// it, also after that was renewed, and leaves nothing in the cloud when it is gone.
func TestAccSLBCertificates(t *testing.T) {
	b := newBalanced(t, slbsim.Options{}, "-slb-secrets")
	l := b.alb("alb", func(s *v1alpha1.SLBIngressSpec) {
		own := b.cloud.Certificate("unknown.example.com")
		s.Listeners = append(s.Listeners, v1alpha1.SLBListener{ID: b.cloud.ALBListener(s.LoadBalancerID, 443, own), Port: 443, Protocol: "HTTPS"})
	})
	s := b.serviceOf("hello")
	b.ready(s)
	domain := "shop." + b.namespace + ".example.org"
	mapping := b.mapping(domain, "hello", "shop")
	b.eventually("it waits for the Secret", func(ctx context.Context) error {
		ready := b.readiness(ctx, mapping)
		return must(strings.Contains(ready, "Secret "+b.namespace+"/shop"), "it says %q", ready)
	})
	near(t, l.count(domain, 20), 0, map[string]float64{"v1": 100}) // by HTTP it is there

	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "shop"}, Type: corev1.SecretTypeTLS, Data: pair(t, domain)}
	if err := b.admin.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	b.eventually("it is Ready", func(ctx context.Context) error {
		ready := b.readiness(ctx, mapping)
		return must(ready == "", "it says %q", ready)
	})
	secure := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // it is signed by nobody: which one it is, is what counts
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", b.cloud.Endpoint(l.id, 443))
		},
		DisableKeepAlives: true,
	}
	serves := func() string {
		resp := ask(t, secure, "https://"+domain)
		if leaf := resp.TLS.PeerCertificates[0]; resp.StatusCode != http.StatusOK || leaf.Subject.CommonName != domain {
			t.Errorf("by HTTPS: %s with the certificate of %s", resp.Status, leaf.Subject.CommonName)
		}
		return resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := serves()

	secret.Data = pair(t, domain)
	if err := b.admin.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	b.eventually("it serves with the renewed one", func(context.Context) error {
		return must(serves() != first, "it serves with the first")
	})
	l.status("the first one is gone", func(s v1alpha1.SLBIngressStatus, _ metav1.Condition) bool {
		return len(s.Certificates) == 1 && s.Certificates[0].Secret == b.namespace+"/shop"
	})

	if err := b.admin.Delete(t.Context(), mapping); err != nil {
		t.Fatal(err)
	}
	l.status("nothing is uploaded any more", func(s v1alpha1.SLBIngressStatus, _ metav1.Condition) bool { return len(s.Certificates) == 0 })
	for _, r := range b.cloud.Resources() {
		if r.Kind == "certificate" && r.Detail != "unknown.example.com" {
			t.Errorf("it is left in the cloud: %+v", r)
		}
	}
}

// TestAccSLBCertificatesCLB is an ingress of Knative's with TLS behind a CLB, as external-domain-tls makes them: a CLB serves no
// DomainMapping, for it cannot change the Host.
func TestAccSLBCertificatesCLB(t *testing.T) {
	b := newBalanced(t, slbsim.Options{}, "-slb-secrets")
	l := b.clb("clb", func(s *v1alpha1.SLBIngressSpec) {
		b.cloud.CLBListener(s.LoadBalancerID, 443, b.cloud.CLBCertificate("unknown.example.com"))
		s.Listeners = append(s.Listeners, v1alpha1.SLBListener{Port: 443, Protocol: "HTTPS"})
	})
	s := b.serviceOf("hello")
	b.eventually("it has a Revision", func(ctx context.Context) error {
		return b.admin.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: "hello-v1"}, &servingv1.Revision{})
	})
	b.pods("hello-v1", 1) // a CLB cannot lead to the activator
	b.ready(s)
	host := "shop." + b.namespace + ".example.org"
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "shop"}, Type: corev1.SecretTypeTLS, Data: pair(t, host)}
	if err := b.admin.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	routes := &netv1alpha1.Ingress{}
	if err := b.admin.Get(t.Context(), client.ObjectKeyFromObject(s), routes); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(routes.Spec.Rules, func(r netv1alpha1.IngressRule) bool { return r.Visibility == netv1alpha1.IngressVisibilityExternalIP })
	rule := *routes.Spec.Rules[i].DeepCopy()
	rule.Hosts = []string{host}
	own := &netv1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "own", Annotations: routes.Annotations}, Spec: netv1alpha1.IngressSpec{
		Rules: []netv1alpha1.IngressRule{rule}, TLS: []netv1alpha1.IngressTLS{{Hosts: []string{host}, SecretNamespace: b.namespace, SecretName: "shop"}},
	}}
	if err := b.admin.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	b.eventually("it is Ready", func(ctx context.Context) error {
		err := b.admin.Get(ctx, client.ObjectKeyFromObject(own), own)
		return must(err == nil && own.IsReady(), "%v %+v", err, own.Status.Conditions)
	})
	b.cloud.ServesFor(l.id, host, host)
	near(t, l.count(host, 20), 0, map[string]float64{"v1": 100})
}

func pair(t *testing.T, names ...string) map[string][]byte {
	t.Helper()
	chain, private := slbtest.Pair(t, names...)
	return map[string][]byte{corev1.TLSCertKey: []byte(chain), corev1.TLSPrivateKeyKey: []byte(private)}
}

// mapping makes a DomainMapping of the class, with the Secret of its certificate, and claims the domain for it.
func (b *balanced) mapping(domain, service, secret string) *unstructured.Unstructured {
	b.t.Helper()
	claim := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.internal.knative.dev/v1alpha1", "kind": "ClusterDomainClaim", "metadata": map[string]any{"name": domain},
		"spec": map[string]any{"namespace": b.namespace},
	}}
	mapping := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping",
		"metadata": map[string]any{"namespace": b.namespace, "name": domain, "annotations": map[string]any{"networking.knative.dev/ingress.class": wanted.Class}},
		"spec": map[string]any{
			"ref": map[string]any{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": service},
			"tls": map[string]any{"secretName": secret},
		},
	}}
	for _, o := range []*unstructured.Unstructured{claim, mapping} {
		if err := b.admin.Create(b.t.Context(), o); err != nil {
			b.t.Fatal(err)
		}
	}
	b.t.Cleanup(func() { _ = b.admin.Delete(context.Background(), claim) })
	return mapping
}

// readiness is what the condition Ready of an object says where it is not True.
func (b *balanced) readiness(ctx context.Context, o *unstructured.Unstructured) string {
	if err := b.admin.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return err.Error()
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	said := "nothing yet"
	for _, one := range conditions {
		c, _ := one.(map[string]any)
		switch {
		case c["type"] == "Ready" && c["status"] == "True":
			return ""
		case c["type"] == "IngressReady":
			said, _ = c["message"].(string)
		}
	}
	return said
}
