package admission

import (
	"context"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// part judges a change of the Route or the Configuration that Knative makes of a Service, by anyone but Knative: it does what the
// same change of the Service would do, until Knative takes it back. They are told by their name, which is the Service's; an owner
// reference could be taken off first.
//
//	what changes                      is judged as
//	the split of a Route              that split of its Service
//	the template of a Configuration   a new template of its Service
//	either, of no Service             allowed: nothing is known of what it is part of
//	anything else, or a deletion      allowed: Knative makes it anew
func (h *Handler) part(ctx context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	old, err := decode(req.OldObject.Raw)
	if err != nil {
		return malformed(err)
	}
	next, err := decode(req.Object.Raw)
	if err != nil {
		return malformed(err)
	}
	key := types.NamespacedName{Namespace: req.Namespace, Name: req.Name}
	service, err := h.Facts.Service(ctx, key)
	if err != nil {
		return withoutFacts(next, err)
	}
	if service == nil || next == nil || old == nil || next.DeletionTimestamp != nil {
		return admission.Allowed("")
	}
	c := change{object: next, annotations: service.Annotations}
	if c.facts, err = h.Facts.For(ctx, key, service.UID, next.traffic, service.Labels); err != nil {
		return withoutFacts(next, err)
	}
	before := facts.Service(service, service.Spec.Traffic, &service.Status)
	after := before
	if req.Resource.Resource == "routes" {
		before.Traffic, after.Traffic = facts.Asked(old.traffic), facts.Asked(next.traffic)
	} else {
		before.Template, after.Template = string(old.template), string(next.template)
		if after.NewRevision, err = templateName(next.template); err != nil {
			return malformed(err)
		}
	}
	c.old, c.next = &before, &after
	know(&c.facts, &before)
	return h.judge(ctx, req, c)
}

// revision judges the deletion of a Revision.
func (h *Handler) revision(ctx context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Delete {
		return admission.Allowed("")
	}
	old, err := decode(req.OldObject.Raw)
	if err != nil {
		return malformed(err)
	}
	if old == nil {
		return malformed(errNoObject)
	}
	key := types.NamespacedName{Namespace: req.Namespace, Name: old.Labels[serviceLabel]}
	service, err := h.Facts.Service(ctx, key)
	if err != nil || service == nil {
		return withoutFactsOrService(err)
	}
	record, err := h.Facts.Record(ctx, key)
	if err != nil {
		return withoutFacts(nil, err)
	}
	s := facts.Service(service, service.Spec.Traffic, &service.Status)
	var d rollout.Decision
	for _, v := range rollout.CheckLiveRevision(old.Name, &s, record) {
		d.Violations = append(d.Violations, rollout.Finding{Violation: v})
	}
	d.Allowed = len(d.Violations) == 0
	return h.answer(req, d)
}

func withoutFactsOrService(err error) admission.Response {
	if err != nil {
		return withoutFacts(nil, err)
	}
	return admission.Allowed("")
}
