package admission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-faster/jx"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// reviewOf is a review as the API server writes it.
func reviewOf(is string, old, next []byte) []byte {
	object := func(raw []byte) []byte {
		if raw == nil {
			return []byte("null")
		}
		return raw
	}
	return fmt.Appendf(nil, `{"kind": "AdmissionReview", "apiVersion": %q, "request": {"uid": "705ab4f5", "kind": {"group": "serving.knative.dev", "version": "v1", "kind": "Service"},
		"resource": {"group": "serving.knative.dev", "version": "v1", "resource": "services"}, "requestKind": {"kind": "other"}, "requestResource": {"resource": "others"}, "name": "hello", "namespace": "ns", "operation": "UPDATE",
		"userInfo": {"username": "ann", "uid": "7", "groups": ["staff", "system:authenticated"], "extra": {"scopes": ["a", "b"]}}, "object": %s, "oldObject": %s, "dryRun": false, "options": null}}`, is, object(next), object(old))
}

// TestServeHTTP: whatever is sent gets a review for an answer, and nothing ends the guard.
func TestServeHTTP(t *testing.T) {
	is := written(template, canary, "")
	good := reviewOf("admission.k8s.io/v1", is, written(template, back, ""))
	for name, tc := range map[string]struct {
		body        []byte
		contentType string
		code        int32
		says        string
	}{
		"a rollback":                       {good, "application/json", 200, ""},
		"a rollback, v1beta1":              {reviewOf("admission.k8s.io/v1beta1", is, written(template, back, "")), "application/json", 200, ""},
		"a jump":                           {reviewOf("admission.k8s.io/v1", is, written(template, jump, "")), "application/json", 403, `Service ns/hello is refused. RolloutPolicy careful, rule max-step`},
		"a tag that must be escaped":       {reviewOf("admission.k8s.io/v1", is, written(template, `{"revisionName": "hello-v1", "percent": 100, "tag": "\"\u00e4<"}`, "")), "application/json", 403, `The tag is "\"ä<"`},
		"nothing":                          {nil, "application/json", 400, "body is empty"},
		"no JSON":                          {[]byte("<review/>"), "application/json", 400, "cannot be read"},
		"half of it":                       {good[:len(good)/2], "application/json", 400, "unexpected EOF"},
		"a list":                           {[]byte("[]"), "application/json", 400, "cannot be read"},
		"null":                             {[]byte("null"), "application/json", 400, "cannot be read"},
		"an object of no kind":             {[]byte("{}"), "application/json", 400, `kind ""`},
		"a version of the future":          {reviewOf("admission.k8s.io/v2", is, is), "application/json", 400, `version "admission.k8s.io/v2" is not known`},
		"another kind":                     {bytes.Replace(good, []byte("AdmissionReview"), []byte("Status"), 1), "application/json", 400, `kind "Status"`},
		"no request":                       {[]byte(`{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": null}`), "application/json", 400, "has no request"},
		"a request that is none":           {[]byte(`{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": 1}`), "application/json", 400, "cannot be read"},
		"no object":                        {reviewOf("admission.k8s.io/v1", nil, nil), "application/json", 200, ""},
		"an object that is none":           {reviewOf("admission.k8s.io/v1", is, []byte(`"x"`)), "application/json", 400, "an object of the review cannot be read"},
		"a percent that is none":           {reviewOf("admission.k8s.io/v1", is, written(template, `{"percent": "ten"}`, "")), "application/json", 400, "an object of the review cannot be read"},
		"another content type":             {good, "application/yaml", 400, "contentType=application/yaml"},
		"of 7 MB":                          {reviewOf("admission.k8s.io/v1", is, written(template, back, `"a": "`+strings.Repeat("x", maxReview-len(good)-10)+`"`)), "application/json", 200, ""},
		"of more than that":                {bytes.Repeat([]byte(" "), maxReview+1), "application/json", 413, "too large"},
		"deeper than any object":           {bytes.Repeat([]byte("["), 1<<20), "application/json", 400, "cannot be read"},
		"a review with a very deep object": {reviewOf("admission.k8s.io/v1", is, append(append([]byte(`{"spec": `), bytes.Repeat([]byte("["), 1<<20)...), '}')), "application/json", 400, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := world(t, interceptor.Funcs{})
			for _, chunked := range []bool{false, true} {
				got := serve(t, h, tc.body, tc.contentType, chunked)
				if got.Result == nil || got.Result.Code != tc.code || got.Allowed != (tc.code == 200) || !strings.Contains(got.Result.Message, tc.says) {
					t.Errorf("chunked %v: allowed %v, %+v, want %d and %q", chunked, got.Allowed, got.Result, tc.code, tc.says)
				}
			}
		})
	}
}

// serve sends a review, and reads the answer with the API server's own types.
func serve(t *testing.T, h http.Handler, body []byte, contentType string, chunked bool) *admissionv1.AdmissionResponse {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	if chunked {
		req.ContentLength = -1
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.Response == nil || got.Kind != "AdmissionReview" || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if got.Response.Allowed && (got.Response.UID != "705ab4f5" || !bytes.Contains(body, []byte(`"`+got.APIVersion+`"`))) {
		t.Errorf("uid %q, version %q", got.Response.UID, got.APIVersion)
	}
	return got.Response
}

func TestServeHTTPPanic(t *testing.T) {
	h, _ := world(t, interceptor.Funcs{})
	h.Now = func() time.Time { panic("no clock") }
	is := written(template, canary, "")
	if got := serve(t, h, reviewOf("admission.k8s.io/v1", is, is), "application/json", false); got.Allowed || got.Result.Code != 500 || !strings.Contains(got.Result.Message, "no clock") || got.UID != "705ab4f5" {
		t.Errorf("%+v", got)
	}
}

// TestReadReview: what is read is what the API server's own types would have read.
func TestReadReview(t *testing.T) {
	body := reviewOf("admission.k8s.io/v1", written(template, canary, ""), written(changed, jump, `"a": "b"`))
	var want admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	got, _, err := readReview(body)
	if err != nil {
		t.Fatal(err)
	}
	// What no decision looks at.
	want.Request.Kind = metav1.GroupVersionKind{Kind: want.Request.Kind.Kind}
	want.Request.Resource = metav1.GroupVersionResource{Resource: want.Request.Resource.Resource}
	want.Request.RequestKind, want.Request.RequestResource = nil, nil
	want.Request.Options.Raw, want.Request.Options.Object = nil, nil
	if !reflect.DeepEqual(&got.AdmissionRequest, want.Request) {
		t.Errorf("got  %+v\nwant %+v", got.AdmissionRequest, *want.Request)
	}
}

// TestWriteReview: the API server's own types read what was said.
func TestWriteReview(t *testing.T) {
	said := admission.Denied("no:\n\"\\<ä>\u2028").WithWarnings("one", "two")
	said.AuditAnnotations = map[string]string{"a": "b\t", "c": "d"}
	e := &jx.Encoder{}
	writeReview(e, version, `"7"`, &said)
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(e.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	said.UID = `"7"`
	if got.APIVersion != version || !reflect.DeepEqual(got.Response, &said.AdmissionResponse) {
		t.Errorf("got  %+v\nwant %+v", got.Response, said.AdmissionResponse)
	}
}
