package scaling

import (
	"encoding/json"
	"maps"

	"knative.dev/serving/pkg/apis/autoscaling"
)

// Annotation is where a target keeps what the guard has written on it, and what was there before. It begins as Knative's own do:
// any other annotation on a Revision reaches its Deployment's Pods, and they would be rolled out anew.
//
// Source: knative.dev/serving v0.50.0, pkg/reconciler/revision/resources/meta.go.
const Annotation = "autoscaling.knative.dev/knative-guard"

// held is one value that the guard has written, and the target's own; nil is a value that is not there.
type held struct {
	Wrote *string `json:"wrote"`
	Own   *string `json:"own"`
}

// Own are the values as the target itself has them, without what the guard has written in their place.
func Own(values map[string]string) map[string]string {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]string{}
	}
	for key, h := range record(values) {
		if same(value(values, key), h.Wrote) { // else somebody else has written it since: that is its own now
			set(out, key, h.Own)
		}
	}
	delete(out, Annotation)
	return out
}

// HoldsFloor says that the guard has written a floor on a target.
func HoldsFloor(values map[string]string) bool {
	h, ok := record(values)[autoscaling.MinScaleAnnotationKey]
	return ok && h.Wrote != nil
}

// Change is what to write on a target, by key, so that it has the values that are wanted (nil: no such value), and its own ones
// where none are wanted. A nil in the answer takes a value away. It is empty where nothing is to be done.
//
//	wanted   remembered          the value now is   then
//	v        nothing             u, v               u is remembered; v is written, where it is not there
//	v        wrote w, own u      w                  v is written, u stays remembered
//	v        wrote w, own u      another, x         somebody else wrote it: x is remembered, v is written
//	–        wrote w, own u      w                  u is written, or taken away; nothing is remembered
//	–        wrote w, own u      another, x         x stays; nothing is remembered
//	–        nothing             any                nothing
//
// A target's own value that is what is wanted is not remembered: nothing was written.
func Change(values map[string]string, wanted map[string]*string) map[string]*string {
	own := Own(values)
	target, remembered := maps.Clone(own), map[string]held{}
	for key, want := range wanted {
		if before := value(own, key); !same(before, want) {
			remembered[key] = held{Wrote: want, Own: before}
			set(target, key, want)
		}
	}
	if len(remembered) > 0 {
		text, _ := json.Marshal(remembered) // maps of strings: they cannot fail; keys are in order
		target[Annotation] = string(text)
	}
	return difference(values, target)
}

// Forget is what to write on a target so that what the guard has written stays, and counts as its own.
func Forget(values map[string]string) map[string]*string {
	if _, ok := values[Annotation]; !ok {
		return nil
	}
	return map[string]*string{Annotation: nil}
}

// record reads what is remembered. One that is spoilt is none: then the values there are the target's own.
func record(values map[string]string) map[string]held {
	var out map[string]held
	if text, ok := values[Annotation]; !ok || json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	return out
}

func difference(from, to map[string]string) map[string]*string {
	out := map[string]*string{}
	for _, keys := range []map[string]string{from, to} {
		for key := range keys {
			if next := value(to, key); !same(value(from, key), next) {
				out[key] = next
			}
		}
	}
	return out
}

func value(values map[string]string, key string) *string {
	if v, ok := values[key]; ok {
		return &v
	}
	return nil
}

func set(values map[string]string, key string, v *string) {
	if v == nil {
		delete(values, key)
		return
	}
	values[key] = *v
}

func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Differences are what to write on a copy of annotations for the autoscaler, so that it says what the original will say after a change.
func Differences(copied, original map[string]string, change map[string]*string) map[string]*string {
	after := maps.Clone(original)
	if after == nil {
		after = map[string]string{}
	}
	for key, v := range change {
		set(after, key, v)
	}
	out := map[string]*string{}
	for _, key := range heldKeys() {
		next := value(after, key)
		if next == nil && key == autoscaling.MetricAnnotationKey {
			continue // a PodAutoscaler has one always
		}
		if !same(value(copied, key), next) {
			out[key] = next
		}
	}
	return out
}

// heldKeys are the annotations for the autoscaler that the guard may write.
func heldKeys() []string {
	return []string{
		autoscaling.MinScaleAnnotationKey, autoscaling.MaxScaleAnnotationKey, autoscaling.ActivationScaleKey,
		autoscaling.MetricAnnotationKey, autoscaling.TargetAnnotationKey,
	}
}
