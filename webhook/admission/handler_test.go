package admission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

const (
	template = `"template": {"spec": {"containers": [{"image": "a"}]}}`
	changed  = `"template": {"spec": {"containers": [{"image": "b"}]}}`
	status   = `"status": {"observedGeneration": 1, "latestCreatedRevisionName": "hello-v2", "conditions": [{"type": "ConfigurationsReady", "status": "True"}],
		"traffic": [{"revisionName": "hello-v1", "percent": 90}, {"revisionName": "hello-v2", "latestRevision": true, "percent": 10}]}`
	canary = `{"revisionName": "hello-v1", "percent": 90}, {"latestRevision": true, "percent": 10}`
	jump   = `{"revisionName": "hello-v2", "percent": 100}`
	back   = `{"revisionName": "hello-v1", "percent": 100}`
)

func written(template, traffic, annotations string) []byte {
	return fmt.Appendf(nil, `{"metadata": {"name": "hello", "namespace": "ns", "uid": "1", "generation": 1, "annotations": {%s}}, "spec": {%s, "traffic": [%s]}, %s}`, annotations, template, traffic, status)
}

// world is a handler over a cache that holds the Service above, hello-v1 stable, under a policy with steps of at most 20 %.
func world(t *testing.T, intercept interceptor.Funcs) (*Handler, *[]Entry) {
	t.Helper()
	scheme, err := facts.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "ns", Name: name, Labels: map[string]string{serviceLabel: "hello"}}
	}
	cached := &servingv1.Service{}
	if err := json.Unmarshal(written(template, canary, ""), cached); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(intercept).
		WithIndex(&servingv1.Revision{}, "service", func(o client.Object) []string { return []string{o.GetLabels()[serviceLabel]} }).
		WithObjects(cached, &servingv1.Revision{ObjectMeta: meta("hello-v1")}, &servingv1.Revision{ObjectMeta: meta("hello-v2")}, &servingv1.Revision{ObjectMeta: meta("idle")},
			&v1alpha1.RolloutPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "careful", UID: "p"}, Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20)), ProtectFromDeletion: true}},
			&v1alpha1.RolloutRecord{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "hello"}, Status: v1alpha1.RolloutRecordStatus{ServiceUID: "1", Stable: "hello-v1"}}).Build()
	entries := &[]Entry{}
	return &Handler{
		Facts: facts.NewReader(c), Now: func() time.Time { return time.Unix(0, 0) }, Self: "guard", Exempt: ExemptUsers("knative-serving"),
		Review: func(context.Context, *authorizationv1.SubjectAccessReview) error {
			t.Error("a decision made an API request")
			return nil
		},
		Log: func(e Entry) { *entries = append(*entries, e) },
	}, entries
}

// request is what the API server sends; resource may name a subresource.
func request(op admissionv1.Operation, resource, user string, old, next []byte) admission.Request {
	resource, sub, _ := strings.Cut(resource, "/")
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Operation: op, Resource: metav1.GroupVersionResource{Resource: resource}, SubResource: sub, Namespace: "ns", Name: "hello",
		UserInfo: authenticationv1.UserInfo{Username: user}, OldObject: runtime.RawExtension{Raw: old}, Object: runtime.RawExtension{Raw: next},
	}}
}

const (
	create = admissionv1.Create
	update = admissionv1.Update
	remove = admissionv1.Delete
)

func TestHandle(t *testing.T) {
	is := written(template, canary, "")
	revision := func(name string) []byte {
		return fmt.Appendf(nil, `{"metadata": {"name": %q, "namespace": "ns", "labels": {%q: "hello"}}}`, name, serviceLabel)
	}
	policy := func(zone string) []byte {
		return fmt.Appendf(nil, `{"spec": {"freeze": [{"name": "x", "schedule": "0 0 * * *", "duration": "1h", "timeZone": %q}]}}`, zone)
	}
	for name, tc := range map[string]struct {
		op        admissionv1.Operation
		resource  string
		user      string
		old, next []byte
		says      string // "" where it is allowed
	}{
		"a jump":                              {update, "services", "ann", is, written(template, jump, ""), "Give hello-v2 30 % now"},
		"a jump by Knative":                   {update, "services", "system:serviceaccount:knative-serving:controller", is, written(template, jump, ""), ""},
		"a jump by another's controller":      {update, "services", "system:serviceaccount:other:controller", is, written(template, jump, ""), "max-step"},
		"a rollback":                          {update, "services", "ann", is, written(template, back, ""), ""},
		"the hidden step, of 10":              {update, "services", "ann", is, written(changed, canary, ""), ""},
		"the hidden step, of 100":             {update, "services", "ann", written(template, `{"latestRevision": true, "percent": 100}`, ""), written(changed, `{"latestRevision": true, "percent": 100}`, ""), "max-step"},
		"nothing but an annotation":           {update, "services", "ann", is, written(template, canary, `"a": "b"`), ""},
		"a sum of 90":                         {update, "services", "ann", is, written(template, `{"revisionName": "hello-v1", "percent": 90}`, ""), "traffic-sum"},
		"a Service on its way out":            {update, "services", "ann", is, []byte(`{"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}`), ""},
		"the first of its name":               {create, "services", "ann", nil, []byte(`{"metadata": {"name": "new"}, "spec": {` + template + `}}`), ""},
		"deletion of a protected one":         {remove, "services", "ann", is, nil, "rule deletion"},
		"deletion with its namespace":         {remove, "services", "system:serviceaccount:kube-system:namespace-controller", is, nil, ""},
		"a status":                            {update, "services/status", "ann", is, is, "Knative's to write"},
		"a status by Knative":                 {update, "services/status", "system:serviceaccount:knative-serving:controller", is, is, ""},
		"a Route":                             {update, "routes", "ann", is, written(template, jump, ""), "max-step"},
		"a Route, back":                       {update, "routes", "ann", is, written(template, back, ""), ""},
		"a Configuration, within the limit":   {update, "configurations", "ann", is, written(changed, "", ""), ""},
		"deletion of a Route":                 {remove, "routes", "ann", is, nil, ""},
		"deletion of a live Revision":         {remove, "revisions", "ann", revision("hello-v2"), nil, "live-revision"},
		"deletion of it by collection":        {remove, "revisions", "system:serviceaccount:kube-system:generic-garbage-collector", revision("hello-v2"), nil, ""},
		"deletion of an idle Revision":        {remove, "revisions", "ann", revision("idle"), nil, ""},
		"a policy":                            {create, "rolloutpolicies", "ann", nil, policy("UTC"), ""},
		"a policy with a zone that is not":    {create, "rolloutpolicies", "ann", nil, policy("Beijing"), "IANA"},
		"deletion of a policy":                {remove, "rolloutpolicies", "ann", policy("UTC"), nil, ""},
		"a record":                            {update, "rolloutrecords", "ann", nil, nil, "own memory"},
		"a record, by the guard":              {update, "rolloutrecords", "guard", nil, nil, ""},
		"something else":                      {update, "pods", "ann", nil, nil, ""},
		"a Service that is no object":         {update, "services", "ann", is, []byte(`[]`), "an object of the review cannot be read"},
		"a Service whose template is none":    {update, "services", "ann", is, []byte(`{"spec": {"template": {"metadata": {"name": 1}}}}`), "the template cannot be read"},
		"an old Service that is not JSON":     {update, "services", "ann", []byte(`{`), is, "unexpected EOF"},
		"an update without an object":         {update, "services", "ann", is, nil, ""},
		"a Route without an object":           {update, "routes", "ann", nil, nil, ""},
		"deletion of a Revision of no object": {remove, "revisions", "ann", nil, nil, "no object"},
		"a policy without an object":          {create, "rolloutpolicies", "ann", nil, nil, "unexpected end"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := world(t, interceptor.Funcs{})
			resp := h.Handle(t.Context(), request(tc.op, tc.resource, tc.user, tc.old, tc.next))
			if resp.Allowed != (tc.says == "") || tc.says != "" && !strings.Contains(resp.Result.Message, tc.says) {
				t.Errorf("allowed %v: %+v, want %q", resp.Allowed, resp.Result, tc.says)
			}
		})
	}
}

func TestBypass(t *testing.T) {
	old, next := written(template, canary, ""), written(template, jump, `"knative-provider.dev/bypass": "incident 42"`)
	for name, tc := range map[string]struct {
		old, next   []byte
		may         bool
		err         error
		asked, want bool
		verdict     string
	}{
		"with the right":              {old, next, true, nil, true, true, "Bypassed"},
		"without":                     {old, next, false, nil, true, false, "Denied"},
		"when nobody knows":           {old, next, true, errors.New("timeout"), true, false, "Denied"},
		"with an empty reason":        {old, written(template, jump, `"knative-provider.dev/bypass": " "`), true, nil, false, false, "Denied"},
		"of a rule that is always on": {old, written(template, `{"revisionName": "hello-v9", "percent": 100}`, `"knative-provider.dev/bypass": "x"`), true, nil, false, false, "Denied"},
		"that is not needed":          {old, written(template, back, `"knative-provider.dev/bypass": "x"`), true, nil, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, entries := world(t, interceptor.Funcs{})
			asked := false
			h.Review = func(_ context.Context, r *authorizationv1.SubjectAccessReview) error {
				a := r.Spec.ResourceAttributes
				asked = a.Verb == "bypass" && a.Resource == "rolloutpolicies" && a.Name == "careful" && a.Namespace == "ns" && r.Spec.User == "ann"
				r.Status.Allowed = tc.may
				return tc.err
			}
			resp := h.Handle(t.Context(), request(update, "services", "ann", tc.old, tc.next))
			if resp.Allowed != tc.want || asked != tc.asked {
				t.Errorf("allowed %v, asked %v: %+v", resp.Allowed, asked, resp)
			}
			if tc.verdict != "" && (len(*entries) == 0 || (*entries)[0].Decision.Verdict != tc.verdict) {
				t.Errorf("log %+v, want %s", *entries, tc.verdict)
			}
		})
	}
}

func TestDryRunLeavesNoTrace(t *testing.T) {
	h, entries := world(t, interceptor.Funcs{})
	req := request(update, "services", "ann", written(template, canary, ""), written(template, jump, ""))
	req.DryRun = new(true)
	if resp := h.Handle(t.Context(), req); resp.Allowed || len(*entries) != 0 {
		t.Errorf("allowed %v, log %+v", resp.Allowed, *entries)
	}
}

// TestWithoutFacts: when caches cannot be read, an invalid sum is refused and everything else let through, with a warning.
func TestWithoutFacts(t *testing.T) {
	h, _ := world(t, interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("no cache")
		},
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("no cache")
		},
	})
	for traffic, allowed := range map[string]bool{back: true, jump: true, `{"revisionName": "hello-v1", "percent": 99}`: false} {
		resp := h.Handle(t.Context(), request(update, "services", "ann", written(template, canary, ""), written(template, traffic, "")))
		if resp.Allowed != allowed || allowed && len(resp.Warnings) != 1 {
			t.Errorf("%s: allowed %v %v", traffic, resp.Allowed, resp.Warnings)
		}
	}
}
