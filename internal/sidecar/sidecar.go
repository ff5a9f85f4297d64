// Package sidecar puts Knative's queue-proxy into Pods that Knative did not make, so that their concurrency can be measured and
// Knative's autoscaler can scale them. It is pure: a Pod and the cluster's configuration in, a Pod or a reason out.
//
// The container is made by Knative's own resources.MakeDeployment from a synthetic Revision, so it is the queue-proxy that the
// cluster's Knative expects.
package sidecar

import (
	"errors"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/lru"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/pkg/system"
	"knative.dev/serving/pkg/reconciler/revision/config"
)

// Injector injects with one state of the cluster's configuration. It is safe for use by many at once.
type Injector struct {
	cfg   *config.Config
	known *lru.Cache // what Knative made, by the settings it was made from
}

// New checks that the configuration is whole. It is what Knative's revision config.Store loads from the cluster's ConfigMaps, and
// is not changed afterwards. Knative's code reads its own namespace from the environment variable SYSTEM_NAMESPACE.
func New(cfg *config.Config) (*Injector, error) {
	if os.Getenv(system.NamespaceEnvKey) == "" {
		return nil, fmt.Errorf("the environment variable %s is not set: set it to Knative's own namespace, usually knative-serving", system.NamespaceEnvKey)
	}
	if cfg == nil || cfg.Config == nil || cfg.Defaults == nil || cfg.Features == nil || cfg.Autoscaler == nil ||
		cfg.Deployment == nil || cfg.Logging == nil || cfg.Network == nil || cfg.Observability == nil {
		return nil, errors.New("the configuration of Knative is not complete: all ConfigMaps of Knative's namespace must have been read")
	}
	if cfg.Deployment.QueueSidecarImage == "" {
		return nil, errors.New("the ConfigMap config-deployment names no queue-sidecar-image: without it there is no queue-proxy to inject")
	}
	return &Injector{cfg, lru.New(knownSize)}, nil
}

// Injected is a Pod with a queue-proxy, and what a PodAutoscaler for it must say.
type Injected struct {
	Pod *corev1.Pod
	// Autoscaler is the name that the PodAutoscaler must have; its labels for Configuration, Revision and Revision UID have
	// this value too, as those of the Pod.
	Autoscaler string
	// Container is the one that requests go to, at Port.
	Container string
	Port      int32
	// Protocol is the PodAutoscaler's protocolType.
	Protocol networking.ProtocolType
	// Concurrency is the PodAutoscaler's containerConcurrency: requests at once, 0 for no limit.
	Concurrency int64
}

// Inject gives a copy of the Pod with a queue-proxy, or why there is none. The Pod is as its creator sent it: the namespace is
// taken from ns. Injecting again what was injected changes nothing, and carries on what others have added in between.
func (in *Injector) Inject(ns *corev1.Namespace, pod *corev1.Pod) (*Injected, *Refusal) {
	if r := CheckAsked(ns, pod); r != nil {
		return nil, r
	}
	if r := in.checkPod(pod); r != nil {
		return nil, r
	}
	s, r := in.settings(ns, pod)
	if r != nil {
		return nil, r
	}
	m, err := in.make(s)
	if err != nil {
		return nil, &Refusal{KnativeFailed, fmt.Sprintf("Knative could not make a queue-proxy: %v.", err),
			"It is made by Knative's own code from the cluster's ConfigMaps.", "Look for a mistake in the ConfigMaps of Knative's namespace."}
	}
	if r := checkFree(pod, m, s); r != nil {
		return nil, r
	}
	return &Injected{m.addTo(pod, s), s.name, s.backend.container.Name, s.backend.port, s.backend.protocol, s.concurrency}, nil
}
