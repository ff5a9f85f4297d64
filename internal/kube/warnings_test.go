package kube

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of all warnings, the guard's reach whoever asked for them.
func TestCollectWarnings(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Warning", `299 - "knative-guard: RolloutPolicy careful, rule freeze: The freeze \"peak\" is on."`)
		w.Header().Add("Warning", `299 - "serving.knative.dev/v1 Service is old"`)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{"name":"hello"}}`))
	}))
	defer server.Close()
	c, err := New(Settings{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, warned := CollectWarnings(t.Context())
	_, others := CollectWarnings(t.Context())
	for range 2 {
		if _, err := c.Apply(ctx, hello, map[string]any{}, ApplyOptions{DryRun: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Get(t.Context(), hello); err != nil { // nobody asks for those
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`RolloutPolicy careful, rule freeze: The freeze "peak" is on.`}, warned.Texts()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(others.Texts()) > 0 {
		t.Errorf("another's: %v", others.Texts())
	}
}
