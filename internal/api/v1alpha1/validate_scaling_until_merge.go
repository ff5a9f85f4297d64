package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// Validate finds what the CRD's schema cannot. This form of it is until branch scaling brings its own.
func (s *ScalingPolicySpec) Validate() field.ErrorList {
	spec := field.NewPath("spec")
	if s.Target.Name == "" {
		return field.ErrorList{field.Required(spec.Child("target"), "a policy has a target: a Service or a Deployment, by its name")}
	}
	if s.Min != nil && s.Max != nil && *s.Max != 0 && *s.Min > *s.Max {
		return field.ErrorList{field.Invalid(spec.Child("min"), *s.Min, "min must not be larger than max")}
	}
	return nil
}
