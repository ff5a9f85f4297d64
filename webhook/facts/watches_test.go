package facts

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestWatches is the life of one watch: opened, ended by the API server and opened at once, lost for longer, and opened again with all
// that there is sent anew.
func TestWatches(t *testing.T) {
	w, now := NewWatches(), time.Unix(0, 0)
	w.now = func() time.Time { return now }
	var answer http.Response
	var fails error
	transport := w.Wrap(roundTripper(func(*http.Request) (*http.Response, error) { return &answer, fails }))
	ask := func(ctx context.Context, query, body string) io.ReadCloser {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://x/apis/y?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer = http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
		resp, err := transport.RoundTrip(req)
		if !errors.Is(err, fails) {
			t.Fatal(err)
		}
		if err != nil {
			return nil
		}
		return resp.Body
	}
	check := func(when string, want bool) {
		t.Helper()
		if err := w.Check(); (err == nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	read := func(b io.ReadCloser) {
		t.Helper()
		if _, err := io.ReadAll(b); err != nil {
			t.Fatal(err)
		}
	}

	fails = errors.New("refused")
	ask(t.Context(), "watch=true", "")
	now = now.Add(time.Hour)
	check("never heard", true)
	fails = nil
	body := ask(t.Context(), "watch=true", "")
	check("open", true)
	read(body)
	check("ended a moment ago", true)
	now = now.Add(100 * time.Millisecond)
	body = ask(t.Context(), "watch=true&resourceVersion=7", "")
	check("open again at once", true)

	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	check("away for longer", false)
	fails = errors.New("refused")
	ask(t.Context(), "watch=true", "")
	check("refused", false)
	fails = nil
	bookmark := `{"annotations":{"` + metav1.InitialEventsAnnotationKey + `":"true"}}`
	body = ask(t.Context(), "watch=true&sendInitialEvents=true", "one event "+bookmark)
	check("open, and all comes anew", false)
	for n := range 3 + len(bookmark) {
		if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if n == 5 {
			check("some has come", false)
		}
	}
	if _, err := io.ReadFull(body, make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	check("all has come a moment ago", false)
	now = now.Add(time.Second)
	check("all is there", true)

	ctx, cancel := context.WithCancel(t.Context())
	body = ask(ctx, "watch=true&labelSelector=a", "")
	cancel()
	read(body)
	now = now.Add(time.Hour)
	check("ended by the guard itself", true)
	read(ask(t.Context(), "limit=1", ""))
	check("no watch", true)
}
