package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group of this project's own kinds.
var GroupVersion = schema.GroupVersion{Group: "knative-provider.dev", Version: "v1alpha1"}

// AddToScheme makes these kinds known to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &RolloutPolicy{}, &RolloutPolicyList{}, &RolloutRecord{}, &RolloutRecordList{},
		&ScalingPolicy{}, &ScalingPolicyList{}, &SLBIngress{}, &SLBIngressList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
