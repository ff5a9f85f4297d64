// Package admission answers the API server: may this change be made? It decodes, gathers facts from caches, lets
// internal/rollout decide, and says the verdict in words.
package admission

import (
	"context"
	"net/http"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// Path is where the API server sends its reviews.
const Path = "/validate"

// Handler validates Services, Routes, Configurations and Revisions of Knative, RolloutPolicies, and the guard's own records.
type Handler struct {
	Facts *facts.Reader
	Now   func() time.Time
	// Self is the user that the guard is to the API server: the only one that writes records.
	Self string
	// Exempt are the users that are never held up.
	Exempt []string
	// Review asks the API server whether a user may do something. It is for bypasses only.
	Review func(context.Context, *authorizationv1.SubjectAccessReview) error
	// Log takes down what was refused, warned of, audited or bypassed. It must not wait for anything.
	Log func(Entry)
	// Scaling validates ScalingPolicies; nil where there are none.
	Scaling *Scaling
}

// ExemptUsers are Knative's own controllers, whose namespace is given, and those of Kubernetes that remove what belongs to
// something that is gone: garbage collection and the deletion of namespaces.
func ExemptUsers(knative string) []string {
	return []string{
		"system:serviceaccount:" + knative + ":controller",
		"system:serviceaccount:kube-system:generic-garbage-collector",
		"system:serviceaccount:kube-system:namespace-controller",
		"system:kube-controller-manager", // where controllers have no service accounts of their own
	}
}

// Handle answers one review:
//
//	who                         what                                    answer
//	Knative, Kubernetes         anything                                allowed
//	anyone                      a Service, its Route or Configuration   as the rules say
//	anyone                      deletion of a Revision                  as rule live-revision says
//	anyone                      a RolloutPolicy                         as its validation says
//	anyone                      a ScalingPolicy                         as its validation says; one policy a target
//	anyone but the guard        a record, or a Service's status         refused: rules go by them
//	anyone                      anything else                           allowed
func (h *Handler) Handle(ctx context.Context, req admission.Request) admission.Response {
	if slices.Contains(h.Exempt, req.UserInfo.Username) {
		return admission.Allowed("")
	}
	switch resource := req.Resource.Resource; {
	case resource == "rolloutrecords":
		return h.record(req)
	case resource == "services" && req.SubResource == "status":
		return admission.Denied("knative-guard: the status of a Service is Knative's to write, and rules go by it. Change its spec instead.")
	case req.SubResource != "":
		return admission.Allowed("")
	case resource == "rolloutpolicies":
		return validatePolicy(req)
	case resource == "scalingpolicies":
		return h.Scaling.review(ctx, req)
	case resource == "revisions":
		return h.revision(ctx, req)
	case resource == "services":
		return h.service(ctx, req)
	case resource == "routes" || resource == "configurations":
		return h.part(ctx, req)
	}
	return admission.Allowed("")
}

func (h *Handler) record(req admission.Request) admission.Response {
	if req.UserInfo.Username == h.Self {
		return admission.Allowed("")
	}
	return admission.Denied("knative-guard: a RolloutRecord is the guard's own memory: only " + h.Self + " writes it. To be let through by a rule, use the bypass of its RolloutPolicy.")
}

// malformed is for what the API server would not send.
func malformed(err error) admission.Response {
	return admission.Errored(http.StatusBadRequest, err)
}

// user is what a SubjectAccessReview needs to know of one.
func user(u authenticationv1.UserInfo) authorizationv1.SubjectAccessReviewSpec {
	extra := make(map[string]authorizationv1.ExtraValue, len(u.Extra))
	for k, v := range u.Extra {
		extra[k] = authorizationv1.ExtraValue(v)
	}
	return authorizationv1.SubjectAccessReviewSpec{User: u.Username, UID: u.UID, Groups: u.Groups, Extra: extra}
}
