package admission

import (
	"encoding/json"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// validatePolicy finds what the schema of a RolloutPolicy cannot.
func validatePolicy(req admission.Request) admission.Response {
	if req.Operation == admissionv1.Delete {
		return admission.Allowed("")
	}
	var p v1alpha1.RolloutPolicy
	if err := json.Unmarshal(req.Object.Raw, &p); err != nil {
		return malformed(err)
	}
	if errs := p.Spec.Validate(); len(errs) > 0 && p.DeletionTimestamp == nil {
		return admission.Denied("knative-guard: this RolloutPolicy cannot be decided by: " + errs.ToAggregate().Error())
	}
	return admission.Allowed("")
}
