package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
)

// TestCrowd: what is made up is what the guard's own types read, with no field that they do not know.
func TestCrowd(t *testing.T) {
	for path, into := range map[string]any{
		"/apis/serving.knative.dev/v1/services": &servingv1.Service{}, "/apis/serving.knative.dev/v1/revisions": &servingv1.Revision{},
		"/apis/knative-provider.dev/v1alpha1/rolloutrecords": &v1alpha1.RolloutRecord{}, "/apis/knative-provider.dev/v1alpha1/rolloutpolicies": &v1alpha1.RolloutPolicy{},
	} {
		n := 0
		for object := range crowdKinds[path].objects {
			if n++; n > 1 {
				continue
			}
			d := json.NewDecoder(bytes.NewReader(object))
			d.DisallowUnknownFields()
			if err := d.Decode(into); err != nil {
				t.Errorf("%s: %v\n%s", path, err, object)
			}
		}
		if want := map[string]int{"services": 5000, "revisions": 50000, "rolloutrecords": 5000, "rolloutpolicies": 50}[path[strings.LastIndex(path, "/")+1:]]; n != want {
			t.Errorf("%s: %d, want %d", path, n, want)
		}
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(crowdReview(4999), &review); err != nil || review.Request.Namespace != "crowd-49" {
		t.Errorf("%+v %v", review.Request, err)
	}
}

// TestCrowdAnswers: a list holds all, and a watch begins with all and says where they end.
func TestCrowdAnswers(t *testing.T) {
	const path = "/apis/knative-provider.dev/v1alpha1/rolloutpolicies"
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // else a watch would go on
	ask := func(query string) *json.Decoder {
		w := httptest.NewRecorder()
		(&crowd{}).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path+query, http.NoBody))
		return json.NewDecoder(w.Body)
	}
	var list v1alpha1.RolloutPolicyList
	if err := ask("").Decode(&list); err != nil || len(list.Items) != crowdNamespaces {
		t.Errorf("%d policies, %v", len(list.Items), err)
	}
	events, last := 0, ""
	for d := ask("?watch=true&sendInitialEvents=true"); d.More(); events++ {
		var e struct{ Type string }
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		last = e.Type
	}
	if events != crowdNamespaces+1 || last != "BOOKMARK" {
		t.Errorf("%d events, the last %s", events, last)
	}
}
