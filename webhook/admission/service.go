package admission

import (
	"context"
	"errors"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/rollout"
)

// service judges a Service that is made, changed or deleted.
func (h *Handler) service(ctx context.Context, req admission.Request) admission.Response {
	old, err := decode(req.OldObject.Raw)
	if err != nil {
		return malformed(err)
	}
	next, err := decode(req.Object.Raw)
	if err != nil {
		return malformed(err)
	}
	if req.Operation == admissionv1.Delete {
		if old == nil {
			return malformed(errNoObject)
		}
		next = nil
	} else if next == nil || next.DeletionTimestamp != nil { // finalizers leave it
		return admission.Allowed("")
	}
	either := next
	var uid types.UID
	var sets []map[string]string // a label that changes does not lead out of a policy in the same change
	for _, o := range []*object{old, next} {
		if o != nil {
			sets, either, uid = append(sets, o.Labels), o, o.UID
		}
	}
	if old == nil { // the API server has given it a UID already, which is on no record and no Revision
		uid = ""
	}
	c := change{object: either, annotations: either.Annotations}
	if c.facts, err = h.Facts.For(ctx, types.NamespacedName{Namespace: req.Namespace, Name: either.Name}, uid, either.traffic, sets...); err != nil {
		return withoutFacts(next, err)
	}
	if c.old, c.next, err = services(old, next, &c.facts); err != nil {
		return malformed(err)
	}
	return h.judge(ctx, req, c)
}

// errNoObject is of a deletion that does not say of what.
var errNoObject = errors.New("the review of a deletion has no object")

// services are the two sides of a change. What the Service's status names exists, even where a cache has not heard of it yet.
func services(old, next *object, f *rollout.Facts) (before, after *rollout.Service, err error) {
	if old != nil {
		if before, err = old.service(f.Record); err != nil {
			return nil, nil, err
		}
		know(f, before)
	}
	if next != nil {
		if after, err = next.service(f.Record); err != nil {
			return nil, nil, err
		}
	}
	if old == nil && after != nil {
		after.UID = ""
	}
	return before, after, nil
}

func know(f *rollout.Facts, s *rollout.Service) {
	names := []string{s.LatestCreated}
	for _, t := range s.Serving {
		names = append(names, t.Revision)
	}
	for _, name := range names {
		if _, known := f.Revisions[name]; !known && name != "" {
			f.Revisions[name] = rollout.Revision{Service: s.Name}
		}
	}
}

// withoutFacts is for the time when caches cannot be read: what needs no facts holds still, and everything else is let through, for
// a rollback must never wait for the guard. ValidatingAdmissionPolicies hold the step meanwhile.
func withoutFacts(next *object, err error) admission.Response {
	if next != nil && len(next.traffic) > 0 {
		s, decodeErr := next.service(noRecord)
		if decodeErr != nil {
			return malformed(decodeErr)
		}
		if broken := rollout.CheckTrafficSum(s.Traffic); len(broken) > 0 {
			return admission.Denied("knative-guard: " + broken[0].String())
		}
	}
	return admission.Allowed("").WithWarnings(fmt.Sprintf("knative-guard: the rules were not checked, for the guard cannot read its caches: %v", err))
}
