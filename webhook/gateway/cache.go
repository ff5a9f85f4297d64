package gateway

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// byTarget is the index of policies by the Service whose events they are for.
	byTarget = "target"
	// byService is the index of Pods and Revisions by their Service.
	byService = "service"
	// portAnnotation is where a cached Pod keeps the port of its queue-proxy. It is in the cache only.
	portAnnotation = "knative-provider.dev/queue-port"
)

// cacheOptions keep what the gateway goes by: of Revisions those with traffic, of Pods Knative's.
func cacheOptions(namespace string) cache.Options {
	return cache.Options{
		DefaultNamespaces: map[string]cache.Config{namespace: {}}, // cache.AllNamespaces is ""
		DefaultTransform:  cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&servingv1.Service{}:  {Transform: transform(stripService)},
			&servingv1.Revision{}: {Transform: transform(stripRevision), Label: selector(serving.RoutingStateLabelKey + "=" + string(servingv1.RoutingStateActive))},
			&corev1.Pod{}:         {Transform: transform(stripPod), Label: selector(serving.RevisionUID + "," + serving.ServiceLabelKey)},
		},
	}
}

func selector(text string) labels.Selector {
	s, err := labels.Parse(text)
	utilruntime.Must(err)
	return s
}

func transform[T client.Object](strip func(T)) func(any) (any, error) {
	return func(o any) (any, error) {
		if object, ok := o.(T); ok { // else a tombstone of a missed deletion
			object.SetManagedFields(nil)
			strip(object)
		}
		return o, nil
	}
}

func stripService(s *servingv1.Service) {
	s.Annotations = nil
	s.Spec = servingv1.ServiceSpec{}
	s.Status.Conditions = nil
}

func stripRevision(r *servingv1.Revision) {
	r.Annotations = nil
	r.Spec = servingv1.RevisionSpec{ContainerConcurrency: r.Spec.ContainerConcurrency, TimeoutSeconds: r.Spec.TimeoutSeconds}
	r.Status = servingv1.RevisionStatus{}
}

// stripPod leaves whose a Pod is, whether it is Ready, and where its queue-proxy listens.
func stripPod(p *corev1.Pod) {
	p.Annotations, p.OwnerReferences = map[string]string{portAnnotation: queuePort(p)}, nil
	p.Labels = map[string]string{serving.ServiceLabelKey: p.Labels[serving.ServiceLabelKey], serving.RevisionLabelKey: p.Labels[serving.RevisionLabelKey]}
	p.Spec = corev1.PodSpec{}
	status := corev1.PodStatus{PodIP: p.Status.PodIP}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			status.Conditions = []corev1.PodCondition{{Type: c.Type, Status: c.Status}}
		}
	}
	p.Status = status
}

// queuePort is where a queue-proxy takes requests: 8012 for HTTP/1.1, 8013 where the container's own port is called h2c.
func queuePort(p *corev1.Pod) string {
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			if port.Name == "queue-port" {
				return strconv.Itoa(int(port.ContainerPort))
			}
		}
	}
	return ""
}
