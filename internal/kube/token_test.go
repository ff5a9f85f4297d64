package kube

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestTokenFileChanges: a token that changes on disk while a client lives is read again, also in the middle of a run, and the request
// that met the change goes through, with its body.
func TestTokenFileChanges(t *testing.T) {
	outside(t)
	var mu sync.Mutex
	valid, seen := "first", []string(nil)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+token)
		switch {
		case token != valid:
			sendError(w, errUnauthorized)
		case r.Method == http.MethodPatch && !strings.Contains(string(body), `"hello"`):
			t.Errorf("the body is %q", body)
		default:
			sendJSON(w, http.StatusOK, service(1, 1, 1, "True", "").Object)
		}
	}))
	defer server.Close()
	file := write(t, "token", "first")
	kubeconfig := write(t, "kubeconfig", `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], clusters: [{name: a, cluster: {insecure-skip-tls-verify: true, server: "`+server.URL+`"}}], users: [{name: a, user: {tokenFile: `+file+`}}]}`)
	c, err := New(Settings{ConfigPaths: []string{kubeconfig}})
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(inFile, accepted string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		valid, seen = accepted, nil
		if err := os.WriteFile(file, []byte(inFile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	apply := func() error {
		_, err := c.Apply(t.Context(), hello, map[string]any{"metadata": map[string]any{"name": "hello"}}, ApplyOptions{Manager: "terraform"})
		return err
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	rotate("second", "second")
	if err := apply(); err != nil || !slices.Equal(seen, []string{"PATCH first", "PATCH second"}) {
		t.Errorf("%v, the server saw %q", err, seen)
	}
	rotate("third", "third")
	if _, err := c.Get(t.Context(), hello); err != nil || !slices.Equal(seen, []string{"GET second", "GET third"}) {
		t.Errorf("%v, the server saw %q", err, seen)
	}
	rotate("wrong", "fourth")
	if err := apply(); !apierrors.IsUnauthorized(err) || len(seen) != 2 {
		t.Errorf("%v, the server saw %q", err, seen)
	}
}
