package facts

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"knative.dev/networking/pkg/apis/networking"
	netv1alpha1 "knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/serving/pkg/apis/serving"
	servingnetworking "knative.dev/serving/pkg/networking"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/wanted"
)

// stripIngress leaves nothing of a KIngress of another class but that it is one.
func stripIngress(i *netv1alpha1.Ingress) error {
	if i.Annotations[networking.IngressClassAnnotationKey] != wanted.Class {
		i.Spec, i.Status, i.Labels, i.OwnerReferences, i.Annotations = netv1alpha1.IngressSpec{}, netv1alpha1.IngressStatus{}, nil, nil, nil
	}
	return nil
}

// stripKubeService leaves what tells whose Pods are behind a Service, and on which port.
func stripKubeService(s *corev1.Service) error {
	labels := map[string]string{}
	for _, key := range []string{serving.RevisionLabelKey, servingnetworking.ServiceTypeKey} {
		if value, ok := s.Labels[key]; ok {
			labels[key] = value
		}
	}
	s.Labels, s.Annotations, s.OwnerReferences, s.Status = labels, nil, nil, corev1.ServiceStatus{}
	s.Spec = corev1.ServiceSpec{Type: s.Spec.Type, ExternalName: s.Spec.ExternalName, Ports: s.Spec.Ports}
	return nil
}

// stripSecret leaves a certificate and its key.
func stripSecret(s *corev1.Secret) error {
	s.Labels, s.Annotations, s.OwnerReferences = nil, nil, nil
	s.Data = map[string][]byte{corev1.TLSCertKey: s.Data[corev1.TLSCertKey], corev1.TLSPrivateKeyKey: s.Data[corev1.TLSPrivateKeyKey]}
	return nil
}

// stripSlice leaves addresses, their conditions and ports.
func stripSlice(s *discoveryv1.EndpointSlice) error {
	s.Labels = map[string]string{discoveryv1.LabelServiceName: s.Labels[discoveryv1.LabelServiceName]}
	s.Annotations, s.OwnerReferences = nil, nil
	for i := range s.Endpoints {
		s.Endpoints[i] = discoveryv1.Endpoint{Addresses: s.Endpoints[i].Addresses, Conditions: s.Endpoints[i].Conditions}
	}
	return nil
}
