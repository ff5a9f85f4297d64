package gateway

import (
	"net"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/serving/pkg/apis/serving"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/scaling"
	"github.com/knative-provider/terraform-provider-knative/webhook/gateway/dispatch"
)

// sharesOf are the Revisions that have traffic, and how much.
func sharesOf(service *servingv1.Service) []dispatch.Share {
	var out []dispatch.Share
	at := map[string]int{}
	for _, t := range service.Status.Traffic {
		if t.Percent == nil || *t.Percent <= 0 || t.RevisionName == "" {
			continue
		}
		i, ok := at[t.RevisionName]
		if !ok {
			i = len(out)
			at[t.RevisionName] = i
			out = append(out, dispatch.Share{Revision: t.RevisionName})
		}
		out[i].Percent += int(*t.Percent)
	}
	return out
}

// liveOf are those of the Revisions that have traffic. One that the cache does not know yet is taken for good until it does.
func liveOf(shares []dispatch.Share, revisions []servingv1.Revision) []scaling.EventRevision {
	var out []scaling.EventRevision
	for _, s := range shares {
		for i := range revisions {
			if r := &revisions[i]; r.Name == s.Revision {
				out = append(out, scaling.EventRevision{Name: r.Name, ContainerConcurrency: r.Spec.GetContainerConcurrency()})
			}
		}
	}
	return out
}

// comingOf counts the Pods of each Revision that are there or coming.
func comingOf(pods []corev1.Pod) map[string]int {
	out := map[string]int{}
	for i := range pods {
		if p := &pods[i]; p.DeletionTimestamp.IsZero() {
			out[p.Labels[serving.RevisionLabelKey]]++
		}
	}
	return out
}

// endpointsOf are the Pods that take events: Ready, and not on their way out.
func endpointsOf(pods []corev1.Pod) map[dispatch.Pod]endpoint {
	out := map[dispatch.Pod]endpoint{}
	for i := range pods {
		p := &pods[i]
		port := p.Annotations[portAnnotation]
		if !p.DeletionTimestamp.IsZero() || p.Status.PodIP == "" || port == "" || len(p.Status.Conditions) == 0 || p.Status.Conditions[0].Status != corev1.ConditionTrue {
			continue
		}
		revision := p.Labels[serving.RevisionLabelKey]
		out[dispatch.Pod{Revision: revision, Name: string(p.UID)}] = endpoint{
			address: net.JoinHostPort(p.Status.PodIP, port), pod: p.Name, revision: revision, h2c: port == h2cPort,
		}
	}
	return out
}

// h2cPort is where a queue-proxy takes HTTP/2 without TLS. Source: knative.dev/serving v0.50.0, pkg/networking/constants.go.
const h2cPort = "8013"
