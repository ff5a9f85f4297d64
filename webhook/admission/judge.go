package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	"knative.dev/serving/pkg/apis/serving"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// BypassAnnotation gives the reason why a change is to be let through. It counts for whoever has the verb "bypass" on the
// RolloutPolicy whose rule is broken, and for nobody else.
const BypassAnnotation = "knative-provider.dev/bypass"

const serviceLabel = serving.ServiceLabelKey

var noRecord v1alpha1.RolloutRecordStatus

// change is what is to be judged.
type change struct {
	object      *object
	annotations map[string]string
	old, next   *rollout.Service
	facts       rollout.Facts
}

// Entry is a change that broke a rule of a policy, for the policy's status; of one that is always on, Policy is empty.
type Entry struct {
	Namespace, Policy string
	Decision          v1alpha1.PolicyDecision
}

// judge decides, and lets those through who may bypass what stands in their way.
func (h *Handler) judge(ctx context.Context, req admission.Request, c change) admission.Response {
	d := rollout.Decide(c.old, c.next, c.facts, h.Now())
	reason := strings.TrimSpace(c.annotations[BypassAnnotation])
	if d.Allowed || reason == "" {
		return h.answer(req, d)
	}
	for _, f := range d.Violations {
		// A decision makes no API request but for this one, which only a change with the annotation causes: a person in a hurry waits
		// for it, a rollback never does.
		if f.Policy == "" || !h.mayBypass(ctx, req, f.Policy) {
			return h.answer(req, d)
		}
	}
	h.log(req, "Bypassed", d.Violations, reason)
	resp := admission.Allowed("").WithWarnings(fmt.Sprintf("knative-guard: let through for the reason %q, which is recorded. Remove the annotation %s when it is over.", reason, BypassAnnotation))
	resp.AuditAnnotations = map[string]string{"bypass": reason, "violations": sentences(d.Violations)}
	return resp
}

func (h *Handler) mayBypass(ctx context.Context, req admission.Request, policy string) bool {
	review := &authorizationv1.SubjectAccessReview{Spec: user(req.UserInfo)}
	review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
		Namespace: req.Namespace, Verb: "bypass", Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version,
		Resource: "rolloutpolicies", Name: policy,
	}
	return h.Review(ctx, review) == nil && review.Status.Allowed // an error is no permission
}

// answer says a decision.
func (h *Handler) answer(req admission.Request, d rollout.Decision) admission.Response {
	h.log(req, "Denied", d.Violations, "")
	h.log(req, "Warned", d.Warnings, "")
	h.log(req, "Audited", d.Audits, "")
	resp := admission.Allowed("")
	if !d.Allowed {
		resp = admission.Denied(denial(req, d.Violations))
	}
	for _, f := range d.Warnings {
		resp = resp.WithWarnings("knative-guard: " + f.String())
	}
	if len(d.Audits) > 0 {
		resp.AuditAnnotations = map[string]string{"violations": sentences(d.Audits)}
	}
	return resp
}

// denial is what a person reads: what was refused, each rule with what was seen, what is allowed and the way out, and who may
// go on all the same.
func denial(req admission.Request, violations []rollout.Finding) string {
	text := fmt.Sprintf("knative-guard: this change of %s is refused. %s", name(req), sentences(violations))
	if slices.ContainsFunc(violations, func(f rollout.Finding) bool { return f.Policy == "" }) {
		return text
	}
	return text + fmt.Sprintf(" In an emergency, whoever has the verb \"bypass\" on the policy can set the annotation %s on the Service to the reason.", BypassAnnotation)
}

func sentences(findings []rollout.Finding) string {
	out := make([]string, 0, len(findings))
	for _, f := range findings {
		out = append(out, f.String())
	}
	return strings.Join(out, " ")
}

func name(req admission.Request) string {
	return fmt.Sprintf("%s %s/%s", req.Kind.Kind, req.Namespace, req.Name)
}

// log takes down findings by policy; a dry run leaves no trace.
func (h *Handler) log(req admission.Request, verdict string, findings []rollout.Finding, message string) {
	if len(findings) == 0 || req.DryRun != nil && *req.DryRun {
		return
	}
	byPolicy := map[string][]rollout.Finding{}
	for _, f := range findings {
		byPolicy[f.Policy] = append(byPolicy[f.Policy], f)
	}
	for policy, of := range byPolicy {
		e := Entry{Namespace: req.Namespace, Policy: policy, Decision: v1alpha1.PolicyDecision{
			Verdict: verdict, User: req.UserInfo.Username, Object: req.Kind.Kind + "/" + req.Name, Message: message,
		}}
		e.Decision.Time.Time = h.Now()
		if message == "" {
			e.Decision.Message = sentences(of)
		}
		for _, f := range of {
			e.Decision.Rules = append(e.Decision.Rules, f.Rule)
		}
		h.Log(e)
	}
}
