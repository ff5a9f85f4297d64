package admission

import (
	"context"
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/scaling"
)

// Scaling validates ScalingPolicies: what the schema cannot, and that each target has one owner. It reads caches only.
type Scaling struct {
	Cache  client.Reader
	Owners *scaling.Owners
}

// review answers for one policy:
//
//	operation   the spec           the target's owner is           answer
//	DELETE      –                  –                               allowed
//	any         cannot be read     –                               refused: what is wrong, and where
//	CREATE      can be             another policy                  refused: which
//	CREATE      can be             an HPA, a CronHPA, a            refused: which
//	                               ScaledObject of others
//	CREATE      can be             nobody, or Knative              allowed
//	UPDATE      can be             any                             allowed: it has been let in, and a target cannot change; the
//	                                                               status tells of an owner who came later
//
// A dry run, and one that is suspended, are held to the same: they would be in force at a word. What max makes smaller is warned of.
func (s *Scaling) review(ctx context.Context, req admission.Request) admission.Response {
	if s == nil || req.Operation == admissionv1.Delete {
		return admission.Allowed("")
	}
	var p v1alpha1.ScalingPolicy
	if err := json.Unmarshal(req.Object.Raw, &p); err != nil {
		return malformed(err)
	}
	if p.DeletionTimestamp != nil {
		return admission.Allowed("")
	}
	if errs := p.Spec.Validate(); len(errs) > 0 {
		return admission.Denied("knative-guard: this ScalingPolicy cannot be carried out: " + errs.ToAggregate().Error())
	}
	if req.Operation == admissionv1.Create {
		p.Namespace = req.Namespace
		if owner, err := s.owner(ctx, &p); err != nil {
			return admission.Errored(500, err)
		} else if owner != "" {
			return admission.Denied(fmt.Sprintf("knative-guard: spec.target: %s is scaled by %s already, and two would pull at it in turn. Delete that one first, or change it instead of making this policy.", scaling.TargetOf(&p), owner))
		}
	}
	return admission.Allowed("").WithWarnings(clamped(&p.Spec)...)
}

// owner is who scales a policy's target already; empty where nobody does.
func (s *Scaling) owner(ctx context.Context, p *v1alpha1.ScalingPolicy) (string, error) {
	target := scaling.TargetOf(p)
	policies, err := scaling.Policies(ctx, s.Cache, target)
	if err != nil {
		return "", err
	}
	for _, other := range policies {
		if other.Name != p.Name {
			return "the ScalingPolicy " + other.Name, nil
		}
	}
	return s.Owners.Foreign(ctx, target)
}

// clamped warns of floors that max makes smaller.
func clamped(s *v1alpha1.ScalingPolicySpec) []string {
	if s.Max == nil || *s.Max == 0 {
		return nil
	}
	var out []string
	for i, w := range s.Schedules {
		if w.Replicas > *s.Max {
			out = append(out, fmt.Sprintf("knative-guard: spec.schedules[%d].replicas: %s asks for %d Pods, and gets %d: that is max", i, w.Name, w.Replicas, *s.Max))
		}
	}
	return out
}
