package provider

import (
	"context"
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// beforeAnnotation keeps at the Service where a move of its traffic that is under way began. It is written in one apply with
// each step, and goes with the last one: so an apply that was killed leaves behind all that the next one has to know.
const beforeAnnotation = "knative-provider.dev/traffic-before"

// moveRecord is what the annotation holds, as JSON.
type moveRecord struct {
	Before []servingv1.TrafficTarget `json:"before"`
	// At is the step that was written with it. Where the Service has another split, somebody else has moved the traffic since.
	At []servingv1.TrafficTarget `json:"at"`
}

// progressObject is the part of a Service that a step of a move writes.
func progressObject(object map[string]any, before, at []rollout.Target) map[string]any {
	record, _ := json.Marshal(moveRecord{apiTargets(before), apiTargets(at)}) // strings and numbers: there is no error
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	annotations[beforeAnnotation] = string(record)
	return object
}

// beginning is where the move that is under way began, or nil where none is.
func beginning(s *servingv1.Service) []rollout.Target {
	var record moveRecord
	if json.Unmarshal([]byte(s.Annotations[beforeAnnotation]), &record) != nil || len(record.Before) == 0 {
		return nil
	}
	if !slices.Equal(targetsFrom(record.At), targetsFrom(s.Spec.Traffic)) {
		return nil
	}
	return targetsFrom(record.Before)
}

// underWay says whether a move is under way that nobody carries on: one in steps, by its note; and one that is to be awaited, where
// Knative neither says that it is routed nor tells these shares. Of a Service with another change under way it tells them still.
func underWay(u *unstructured.Unstructured, awaited bool) bool {
	s, err := kube.AsService(u)
	if err != nil {
		return false
	}
	return beginning(s) != nil || awaited && !kube.Routed(u) && !canary.Same(targetsFrom(s.Spec.Traffic), targetsFrom(s.Status.Traffic))
}

// moveFrom is the move from the live split to the wanted one.
func (m *trafficSplitModel) moveFrom(ctx context.Context, live *unstructured.Unstructured, read func(context.Context, kube.Ref) (*unstructured.Unstructured, error)) (canary.Move, error) {
	s, err := kube.AsService(live)
	if err != nil {
		return canary.Move{}, err
	}
	wanted, _ := targetsOf(m.Traffic)
	latest := s.Status.LatestReadyRevisionName
	move := canary.Move{Live: canary.Pin(targetsFrom(s.Spec.Traffic), latest), End: canary.Pin(wanted, latest), Before: beginning(s), Ages: map[string]int64{}}
	for _, t := range slices.Concat(move.Live, move.End) {
		if _, known := move.Ages[t.Revision]; known || t.Revision == "" {
			continue
		}
		u, err := read(ctx, kube.Ref{Kind: kube.Revision, Namespace: s.Namespace, Name: t.Revision})
		if err != nil {
			return move, err
		}
		if u == nil {
			continue
		}
		rev, err := kube.AsRevision(u)
		if err != nil {
			return move, err
		}
		move.Ages[t.Revision] = generationOf(rev)
	}
	return move, nil
}

// targetsFrom reads a split as the API has it, asked for or observed. None at all is Knative's default: all to the latest Ready Revision.
func targetsFrom(traffic []servingv1.TrafficTarget) []rollout.Target {
	if len(traffic) == 0 {
		return []rollout.Target{{Latest: true, Percent: 100}}
	}
	out := make([]rollout.Target, 0, len(traffic))
	for _, t := range traffic {
		target := rollout.Target{Revision: t.RevisionName, Tag: t.Tag, Percent: ptr.Deref(t.Percent, 0)}
		if t.RevisionName == "" || ptr.Deref(t.LatestRevision, false) { // observed, the latest has its name too
			target.Revision, target.Latest = "", true
		}
		out = append(out, target)
	}
	return out
}

// apiTargets writes pinned targets as the API takes them.
func apiTargets(targets []rollout.Target) []servingv1.TrafficTarget {
	out := make([]servingv1.TrafficTarget, 0, len(targets))
	for _, t := range targets {
		out = append(out, servingv1.TrafficTarget{RevisionName: t.Revision, Percent: &t.Percent, Tag: t.Tag})
	}
	return out
}
