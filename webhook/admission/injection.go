package admission

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// What becomes of a Pod, for the metric and the audit log.
const (
	injected = "injected"
	skipped  = "skipped"
	refused  = "refused"
	failed   = "failed"
)

// guardFailed is the reason where the guard, not the Pod, is what stands in the way.
const guardFailed sidecar.Reason = "GuardFailed"

var injections = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
	Name: "knative_guard_injections_total",
	Help: "Pods that were looked at for a queue-proxy, by result (injected, skipped, refused, failed) and by the reason of what is not injected. Dry runs count as well.",
}, []string{"result", "reason"})

func failure(err error) *sidecar.Refusal {
	return &sidecar.Refusal{
		Reason: guardFailed, Observed: fmt.Sprintf("The guard failed: %v.", err), Allowed: "The Pod is made without a queue-proxy.",
		WayOut: "Make it anew when the guard is well again; its log has more.",
	}
}

// answer lets the Pod be made as it is, and says why.
func answer(r *sidecar.Refusal) admission.Response {
	result := resultOf(r.Reason)
	injections.WithLabelValues(result, string(r.Reason)).Inc()
	resp := admission.Allowed("")
	resp.AuditAnnotations = map[string]string{"queue-proxy": result + " " + r.String()}
	if result == skipped {
		return resp
	}
	return resp.WithWarnings("knative-guard: no queue-proxy: " + r.String())
}

func resultOf(r sidecar.Reason) string {
	switch {
	case r.IsSkip():
		return skipped
	case r == guardFailed || r == sidecar.KnativeFailed:
		return failed
	}
	return refused
}

func (i *Injection) tell(ctx context.Context, namespace string, pod *corev1.Pod, r *sidecar.Refusal) {
	about := i.workload(ctx, namespace, pod)
	if r.Reason == sidecar.NotAsked || about.Name == "" {
		return
	}
	kind := corev1.EventTypeWarning
	if r.Reason.IsSkip() {
		kind = corev1.EventTypeNormal
	}
	i.Events.Eventf(about, nil, kind, string(r.Reason), "InjectQueueProxy", "%s", facts.Note("No queue-proxy: "+r.String()))
}

// workload is what a person looks at: the Deployment of a ReplicaSet, else what made the Pod, else the Pod.
func (i *Injection) workload(ctx context.Context, namespace string, pod *corev1.Pod) *corev1.ObjectReference {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID}
	}
	var d appsv1.Deployment
	if owner.Kind == "ReplicaSet" && i.Cache.Get(ctx, client.ObjectKey{Namespace: namespace, Name: sidecar.Workload(pod)}, &d) == nil {
		return &corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: d.Name, UID: d.UID}
	}
	return &corev1.ObjectReference{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: namespace, Name: owner.Name, UID: owner.UID}
}
