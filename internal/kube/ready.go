package kube

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// AsService reads a Service from its API form.
func AsService(u *unstructured.Unstructured) (*servingv1.Service, error) {
	var s servingv1.Service
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &s); err != nil {
		return nil, fmt.Errorf("%s/%s is not a Service that this provider reads: %w", u.GetNamespace(), u.GetName(), err)
	}
	return &s, nil
}

// Observed reads what identifies a Service, and its status; not its spec, which is the larger part, and of which a refresh of
// many Services has no use.
func Observed(u *unstructured.Unstructured) (*servingv1.Service, error) {
	s := &servingv1.Service{}
	s.Namespace, s.Name, s.UID, s.Generation = u.GetNamespace(), u.GetName(), u.GetUID(), u.GetGeneration()
	status, ok := u.Object["status"].(map[string]any)
	if !ok && u.Object["status"] != nil {
		return nil, fmt.Errorf("the status of %s/%s is no object", s.Namespace, s.Name)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(status, &s.Status); err != nil {
		return nil, fmt.Errorf("the status of %s/%s is not one that this provider reads: %w", s.Namespace, s.Name, err)
	}
	return s, nil
}

// AsRevision reads a Revision from its API form.
func AsRevision(u *unstructured.Unstructured) (*servingv1.Revision, error) {
	var r servingv1.Revision
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &r); err != nil {
		return nil, fmt.Errorf("%s/%s is not a Revision that this provider reads: %w", u.GetNamespace(), u.GetName(), err)
	}
	return &r, nil
}

// Until makes a look that waits for a condition of a Service at a generation or a later one.
//
//	observedGeneration   condition   progress
//	< generation         any         Pending: the status speaks of an older Service
//	≥ generation         True        Done
//	≥ generation         False       Failing
//	≥ generation         Unknown     Pending
//
// The comparison is ≥, for another writer may have moved on in the meantime: waiting for equality would hang.
func Until(condition apis.ConditionType, generation int64) Look {
	return func(u *unstructured.Unstructured) (Progress, string) {
		if u == nil {
			return Pending, "deleted"
		}
		s, err := Observed(u)
		if err != nil {
			return Failing, err.Error()
		}
		if s.Status.ObservedGeneration < generation {
			return Pending, "waiting for Knative to take up the change"
		}
		c := s.Status.GetCondition(condition)
		switch {
		case c == nil:
			return Pending, fmt.Sprintf("waiting for %s", condition)
		case c.IsTrue():
			return Done, string(condition)
		case c.IsFalse():
			return Failing, fmt.Sprintf("%s: %s", c.Reason, c.Message)
		case c.Message != "":
			return Pending, fmt.Sprintf("%s: %s", c.Reason, c.Message)
		}
		return Pending, fmt.Sprintf("waiting for %s", firstOpen(s, condition))
	}
}

// Ready says whether a Service is Ready as it stands, and not as it was before its last change.
func Ready(u *unstructured.Unstructured) bool {
	progress, _ := Until(apis.ConditionReady, u.GetGeneration())(u)
	return progress == Done
}

// Routed says whether a Service's split is carried out as it stands.
func Routed(u *unstructured.Unstructured) bool {
	progress, _ := Until(servingv1.ServiceConditionRoutesReady, u.GetGeneration())(u)
	return progress == Done
}

// firstOpen names the part of a Service that keeps the condition open.
func firstOpen(s *servingv1.Service, condition apis.ConditionType) apis.ConditionType {
	for _, c := range s.Status.Conditions {
		if c.Type != apis.ConditionReady && !c.IsTrue() {
			return c.Type
		}
	}
	return condition
}
