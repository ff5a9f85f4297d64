// Package facts turns what Kubernetes holds into what the rules look at: objects into values, and caches into facts.
package facts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// Service is what the rules see of a Service, without its template: a cached one has none.
func Service(meta metav1.Object, traffic []servingv1.TrafficTarget, status *servingv1.ServiceStatus) rollout.Service {
	return rollout.Service{
		Name: meta.GetName(), UID: string(meta.GetUID()), Traffic: Traffic(traffic),
		Settled: settled(meta.GetGeneration(), status), LatestCreated: status.LatestCreatedRevisionName,
		Serving: Served(targets(status.Traffic)),
	}
}

// settled says that Knative has taken up the template. Its Service controller counts a generation as observed when it has handed
// the template on; until the Configuration has made the Revision, the condition's reason is OutOfDate.
//
// Source: knative.dev/serving v0.50.0, pkg/reconciler/service/service.go and MarkConfigurationNotReconciled.
func settled(generation int64, status *servingv1.ServiceStatus) bool {
	if generation != status.ObservedGeneration || status.LatestCreatedRevisionName == "" {
		return false
	}
	c := status.GetCondition(servingv1.ServiceConditionConfigurationsReady)
	return c != nil && c.Reason != "OutOfDate"
}

// Traffic is a split of a Service's own, or of the Route that Knative makes of it.
func Traffic(traffic []servingv1.TrafficTarget) []rollout.Target { return Asked(targets(traffic)) }

// Asked is the split that targets ask for: none of them is Knative's default.
func Asked(traffic []rollout.Target) []rollout.Target {
	if len(traffic) == 0 {
		return []rollout.Target{{Latest: true, Percent: 100}}
	}
	return traffic
}

// Served is a status's split: each target of a Revision. A status names the Revision of the latest as well as saying that it is the
// latest, which a spec may not. It changes what it is given.
func Served(traffic []rollout.Target) []rollout.Target {
	for i := range traffic {
		traffic[i].Latest = false
	}
	return slices.DeleteFunc(traffic, func(t rollout.Target) bool { return t.Revision == "" })
}

func targets(traffic []servingv1.TrafficTarget) []rollout.Target {
	out := make([]rollout.Target, 0, len(traffic))
	for _, t := range traffic {
		target := rollout.Target{Revision: t.RevisionName, Tag: t.Tag}
		// A pinned target may say latestRevision: false, and the Route's own "latest" names the Configuration instead.
		target.Latest = t.LatestRevision != nil && *t.LatestRevision || t.ConfigurationName != ""
		if t.Percent != nil {
			target.Percent = *t.Percent
		}
		out = append(out, target)
	}
	return out
}

// Template is a Service's template as the API server sends it.
type Template json.RawMessage

// Runs is a fingerprint of what Pods of the template run: that of Runs of the Revision that it becomes.
func (t Template) Runs() (string, error) {
	var template struct {
		Spec servingv1.RevisionSpec `json:"spec"`
	}
	if err := json.Unmarshal(t, &template); err != nil {
		return "", err
	}
	return Runs(template.Spec)
}

// Runs is a fingerprint of a Revision's spec, in the form that Go's types give it, for its JSON may be written in several ways.
func Runs(spec servingv1.RevisionSpec) (string, error) {
	raw, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}
