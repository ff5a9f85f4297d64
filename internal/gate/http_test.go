package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// answering serves what a path says: its status, its body, a redirect, or nothing in time.
func answering(t *testing.T) *httptest.Server {
	t.Helper()
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "all is well") })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no\ndatabase", http.StatusInternalServerError)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/never", func(http.ResponseWriter, *http.Request) { <-release })
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s as %s", r.Method, r.Host, r.Header.Get("Authorization"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() { close(release); s.Close() })
	return s
}

func TestHTTP(t *testing.T) {
	s := answering(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, tc := range map[string]struct {
		url  string
		h    HTTP
		good bool
		says string
	}{
		"200":                 {s.URL + "/ok", HTTP{}, true, "status 200"},
		"500":                 {s.URL + "/broken", HTTP{}, false, "status 500, and 200–299 are wanted (its body: no database)"},
		"500 wanted":          {s.URL + "/broken", HTTP{Status: []int64{500}}, true, "status 500"},
		"a redirect":          {s.URL + "/moved", HTTP{}, false, "status 302"},
		"the body":            {s.URL + "/ok", HTTP{Body: regexp.MustCompile("is well$")}, true, "status 200"},
		"another body":        {s.URL + "/ok", HTTP{Body: regexp.MustCompile("^well")}, false, `the body does not match "^well" (its body: all is well)`},
		"too late":            {s.URL + "/never", HTTP{Timeout: 20 * time.Millisecond}, false, "no answer in time"},
		"nobody there":        {gone.URL, HTTP{}, false, "connection refused"},
		"with headers":        {s.URL + "/who", HTTP{Method: "HEAD", Headers: map[string]string{"host": "shop.example.com"}}, true, "status 200"},
		"headers reach it":    {s.URL + "/who", HTTP{Headers: map[string]string{"Host": "shop.example.com", "authorization": "Bearer x"}, Body: regexp.MustCompile(`^GET shop\.example\.com as Bearer x$`)}, true, "status 200"},
		"connected elsewhere": {"http://shop.example.com:8443/who", HTTP{ConnectTo: strings.TrimPrefix(s.URL, "http://"), Body: regexp.MustCompile(`^GET shop\.example\.com:8443 as $`)}, true, "status 200"},
	} {
		t.Run(name, func(t *testing.T) {
			h := tc.h
			if h.Method == "" {
				h.Method = http.MethodGet
			}
			if h.Timeout == 0 {
				h.Timeout = 10 * time.Second
			}
			var err error
			if h.URL, err = url.Parse(tc.url); err != nil {
				t.Fatal(err)
			}
			saw, good := h.Ask(t.Context())
			if good != tc.good || !strings.Contains(saw, tc.says) {
				t.Errorf("got %v: %s; want %v that says %s", good, saw, tc.good, tc.says)
			}
		})
	}
}

// A password in a URL shows nowhere.
func TestHTTPKeepsSecrets(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	u, err := url.Parse(strings.Replace(gone.URL, "://", "://ci:hunter2@", 1))
	if err != nil {
		t.Fatal(err)
	}
	h := HTTP{Method: http.MethodGet, URL: u, Timeout: time.Second}
	if saw, _ := h.Ask(t.Context()); strings.Contains(h.String()+saw, "hunter2") {
		t.Errorf("%s: %s", h.String(), saw)
	}
}

func TestBegins(t *testing.T) {
	long := strings.Repeat("é", 300)
	for in, want := range map[string]string{
		"": "", " \n": "", "a\n  b\x00\xff": " (its body: a b\x00?)", long: " (its body: " + long[:2*excerpt] + "…)",
	} {
		if got := begins([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
