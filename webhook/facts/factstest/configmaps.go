// Package factstest has what tests of several packages put into their clusters.
package factstest

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Knative is the namespace of ConfigMaps.
const Knative = "knative-serving"

// ConfigMaps are Knative's, with its defaults, in the namespace Knative.
func ConfigMaps() []client.Object {
	var out []client.Object
	for name, data := range map[string]map[string]string{
		"config-deployment": {"queue-sidecar-image": "registry.example/queue:v0.50.0"},
		"config-autoscaler": nil, "config-defaults": nil, "config-features": nil, "config-logging": nil, "config-network": nil, "config-observability": nil,
	} {
		out = append(out, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: Knative, Name: name}, Data: data})
	}
	return out
}
