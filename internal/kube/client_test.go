package kube

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestApply(t *testing.T) {
	for name, tc := range map[string]struct {
		options ApplyOptions
		want    url.Values
	}{
		"as it is": {ApplyOptions{Manager: "terraform"}, url.Values{"fieldManager": {"terraform"}, "fieldValidation": {"Strict"}, "force": {"false"}}},
		"by force": {ApplyOptions{Manager: "terraform", Force: true}, url.Values{"fieldManager": {"terraform"}, "fieldValidation": {"Strict"}, "force": {"true"}}},
		"dry run":  {ApplyOptions{Manager: "terraform", DryRun: true}, url.Values{"fieldManager": {"terraform"}, "fieldValidation": {"Strict"}, "force": {"false"}, "dryRun": {"All"}}},
	} {
		t.Run(name, func(t *testing.T) {
			server := &api{answer: func(w http.ResponseWriter, r *http.Request, _ string) {
				if got := r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type"); got != "PATCH /apis/serving.knative.dev/v1/namespaces/default/services/hello application/apply-patch+yaml" {
					t.Errorf("got %s", got)
				}
				if diff := cmp.Diff(tc.want, r.URL.Query()); diff != "" {
					t.Errorf("query: -want +got:\n%s", diff)
				}
				body, _ := io.ReadAll(r.Body)
				var sent map[string]any
				if err := json.Unmarshal(body, &sent); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(map[string]any{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": map[string]any{"name": "hello"}}, sent); diff != "" {
					t.Errorf("body: -want +got:\n%s", diff)
				}
				sendJSON(w, http.StatusOK, service(7, 2, 1, "Unknown", "").Object)
			}}
			u, err := connect(t, server).Apply(t.Context(), hello, map[string]any{"metadata": map[string]any{"name": "hello"}}, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			if u.GetResourceVersion() != "7" {
				t.Errorf("got %v, want the object as stored", u)
			}
		})
	}
}

func TestGet(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  func(w http.ResponseWriter)
		there   bool
		refused func(error) bool
	}{
		"there":              {func(w http.ResponseWriter) { sendJSON(w, http.StatusOK, service(1, 1, 1, "True", "").Object) }, true, nil},
		"not there":          {func(w http.ResponseWriter) { sendError(w, apierrors.NewNotFound(hello.GroupResource(), "hello")) }, false, nil},
		"the kind not there": {func(w http.ResponseWriter) { http.Error(w, "404 page not found", http.StatusNotFound) }, false, NoKind},
		"forbidden": {func(w http.ResponseWriter) {
			sendError(w, apierrors.NewForbidden(hello.GroupResource(), "hello", errors.New("no")))
		}, false, apierrors.IsForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			server := &api{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { tc.answer(w) }}
			u, err := connect(t, server).Get(t.Context(), hello)
			if (u != nil) != tc.there {
				t.Errorf("got %v", u)
			}
			if (err != nil) != (tc.refused != nil) || (err != nil && !tc.refused(err)) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter)
		fails  bool
	}{
		"there":     {func(w http.ResponseWriter) { sendJSON(w, http.StatusOK, service(1, 1, 1, "True", "").Object) }, false},
		"not there": {func(w http.ResponseWriter) { sendError(w, apierrors.NewNotFound(hello.GroupResource(), "hello")) }, false},
		"another one has its name": {func(w http.ResponseWriter) {
			sendError(w, apierrors.NewConflict(hello.GroupResource(), "hello", errors.New("the UID in the precondition (u-1) does not match the UID in record (u-2)")))
		}, false},
		"forbidden": {func(w http.ResponseWriter) {
			sendError(w, apierrors.NewForbidden(hello.GroupResource(), "hello", errors.New("no")))
		}, true},
		"Knative is not installed": {func(w http.ResponseWriter) { http.Error(w, "404 page not found", http.StatusNotFound) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := &api{answer: func(w http.ResponseWriter, r *http.Request, verb string) {
				body, _ := io.ReadAll(r.Body)
				if verb != "delete" || !strings.Contains(string(body), `"propagationPolicy":"Foreground"`) || !strings.Contains(string(body), `"preconditions":{"uid":"u-1"}`) {
					t.Errorf("asked to %s: %s", verb, body)
				}
				tc.answer(w)
			}}
			if err := connect(t, server).Delete(t.Context(), hello, "u-1"); (err != nil) != tc.fails {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A webhook that restarts is waited out, for some seconds and no longer.
func TestRetry(t *testing.T) {
	down := apierrors.NewInternalError(errors.New(`failed calling webhook "webhook.serving.knative.dev": connection refused`))
	for name, tc := range map[string]struct {
		failures int // how many requests fail before one succeeds
		with     *apierrors.StatusError
		asked    int
		fails    bool
	}{
		"at once":            {0, down, 1, false},
		"after two":          {2, down, 3, false},
		"after five":         {5, down, 6, false},
		"never":              {100, down, 6, true},
		"what does not pass": {100, apierrors.NewBadRequest("validation failed: missing field(s): spec.template"), 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &api{}
				server.answer = func(w http.ResponseWriter, _ *http.Request, _ string) {
					if len(server.asked()) <= tc.failures {
						sendError(w, tc.with)
						return
					}
					sendJSON(w, http.StatusOK, service(1, 1, 1, "True", "").Object)
				}
				begin := time.Now()
				_, err := connectInMemory(t, server).Apply(t.Context(), hello, map[string]any{}, ApplyOptions{Manager: "terraform"})
				if (err != nil) != tc.fails {
					t.Errorf("got %v", err)
				}
				if asked := len(server.asked()); asked != tc.asked {
					t.Errorf("%d requests, want %d", asked, tc.asked)
				}
				if took := time.Since(begin); took > 8*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &api{answer: func(w http.ResponseWriter, _ *http.Request, _ string) { sendError(w, errWebhookDown) }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := connectInMemory(t, server).Get(ctx, hello)
		if !apierrors.IsInternalError(err) {
			t.Errorf("got %v, want what the API server said last", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}
