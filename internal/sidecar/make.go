package sidecar

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"knative.dev/serving/pkg/reconciler/revision/resources"
)

// drainSeconds is how long queue-proxy waits for quiet before it ends: drainSleepDuration in knative.dev/serving v0.50.0,
// pkg/queue/sharedmain/main.go.
const drainSeconds = 30

// knownSize is how many kinds of Pods are remembered, at about 10 KB each.
const knownSize = 512

// made is what Knative made for a Pod. Many Pods share it, so it does not change.
type made struct {
	queueProxy corev1.Container
	volumes    []corev1.Volume // that it mounts
	preStop    *corev1.LifecycleHandler
	labels     map[string]string
	// The Pod's grace period, at least: the longest request, which may come just before the last, and the drain after it.
	graceSeconds int64
}

// make asks Knative once for Pods that are alike, such as those of a Deployment: it takes about 200 µs, most of it for the hash of a
// Deployment that is not needed here.
func (in *Injector) make(s *settings) (*made, error) {
	key, err := s.key()
	if err != nil {
		return nil, err
	}
	if m, ok := in.known.Get(key); ok {
		return m.(*made), nil
	}
	m, err := in.makeNew(s)
	if err == nil {
		in.known.Add(key, m)
	}
	return m, err
}

func (in *Injector) makeNew(s *settings) (*made, error) {
	deployment, err := resources.MakeDeployment(in.revision(s), in.cfg)
	if err != nil {
		return nil, err
	}
	template := &deployment.Spec.Template
	spec := &template.Spec
	m := &made{
		queueProxy: spec.Containers[len(spec.Containers)-1],
		// Knative puts the user's container first, the queue-proxy last.
		preStop: spec.Containers[0].Lifecycle.PreStop,
		labels: map[string]string{
			serving.ConfigurationLabelKey: template.Labels[serving.ConfigurationLabelKey],
			serving.RevisionLabelKey:      template.Labels[serving.RevisionLabelKey],
			serving.RevisionUID:           template.Labels[serving.RevisionUID],
		},
		graceSeconds: *spec.TerminationGracePeriodSeconds + drainSeconds,
	}
	for _, v := range spec.Volumes {
		if slices.ContainsFunc(m.queueProxy.VolumeMounts, func(vm corev1.VolumeMount) bool { return vm.Name == v.Name }) {
			m.volumes = append(m.volumes, v)
		}
	}
	return m, nil
}

// revision is as small as can be: what Knative reads for the queue-proxy. Its name is the PodAutoscaler's, by which the autoscaler
// finds the Pods. The name stands for the UID too: the autoscaler sees only Pods that have a label for one, and reads nothing of it.
//
// The probes of the user's containers stay with the kubelet; the queue-proxy is Ready once the user's port is open, as for a
// Knative Service without a probe (knative.dev/serving v0.50.0, pkg/apis/serving/v1/revision_defaults.go).
func (in *Injector) revision(s *settings) *servingv1.Revision {
	port := corev1.ContainerPort{ContainerPort: s.backend.port}
	if s.backend.protocol == networking.ProtocolH2C {
		port.Name = string(networking.ProtocolH2C)
	}
	d, isController := in.cfg.Defaults, true
	startTimeout, idleTimeout := min(d.RevisionResponseStartTimeoutSeconds, s.timeout), min(d.RevisionIdleTimeoutSeconds, s.timeout)
	return &servingv1.Revision{
		ObjectMeta: metav1.ObjectMeta{
			Name: s.name, Namespace: s.namespace, UID: types.UID(s.name), Annotations: s.annotations,
			Labels: map[string]string{serving.ConfigurationLabelKey: s.name},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: servingv1.SchemeGroupVersion.String(), Kind: "Configuration", Name: s.name, Controller: &isController,
			}},
		},
		Spec: servingv1.RevisionSpec{
			PodSpec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: s.backend.container.Name, Ports: []corev1.ContainerPort{port}, Resources: s.backend.container.Resources,
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{}}, SuccessThreshold: 1},
			}}},
			ContainerConcurrency:        &s.concurrency,
			TimeoutSeconds:              &s.timeout,
			ResponseStartTimeoutSeconds: &startTimeout,
			IdleTimeoutSeconds:          &idleTimeout,
		},
	}
}
