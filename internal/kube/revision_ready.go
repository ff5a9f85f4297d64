package kube

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

// RevisionReady waits until a Revision can take requests; one at zero can.
//
//	Ready      progress
//	True       Done
//	False      Failing
//	Unknown    Pending: it is coming up
func RevisionReady(u *unstructured.Unstructured) (Progress, string) {
	if u == nil {
		return Failing, "it is gone"
	}
	rev, err := AsRevision(u)
	if err != nil {
		return Failing, err.Error()
	}
	c := rev.Status.GetCondition(servingv1.RevisionConditionReady)
	switch {
	case c.IsTrue():
		return Done, "Ready"
	case c.IsFalse():
		return Failing, fmt.Sprintf("%s: %s", c.Reason, c.Message)
	case c != nil && c.Reason != "":
		return Pending, fmt.Sprintf("not Ready yet: %s: %s", c.Reason, c.Message)
	}
	return Pending, "not Ready yet"
}
