package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHello(t *testing.T) {
	t.Setenv("K_REVISION", "greet-00001")
	t.Setenv("APP_VERSION", "v1")
	for _, tt := range []struct {
		name, target, query, line string
		status                    int
		atLeast                   time.Duration
	}{
		{name: "revision", line: "Hello greet-00001!", status: 200},
		{name: "as the sample answers", target: "Go", line: "Hello Go!", status: 200},
		{name: "fails", query: "?status=500", line: "Hello greet-00001!", status: 500},
		{name: "not a status", query: "?status=9", line: "Hello greet-00001!", status: 200},
		{name: "slow", query: "?sleep=30ms", line: "Hello greet-00001!", status: 200, atLeast: 30 * time.Millisecond},
		{name: "burns", query: "?burn=30", line: "Hello greet-00001!", status: 200, atLeast: 30 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TARGET", tt.target)
			w := httptest.NewRecorder()
			start := time.Now()
			hello(w, httptest.NewRequest(http.MethodGet, "/"+tt.query, nil))
			if took := time.Since(start); took < tt.atLeast {
				t.Errorf("took %s", took)
			}
			if line, _, _ := strings.Cut(w.Body.String(), "\n"); line != tt.line || w.Code != tt.status {
				t.Errorf("got %d %q", w.Code, line)
			}
			if w.Header().Get("K-Revision") != "greet-00001" || w.Header().Get("App-Version") != "v1" || w.Header().Get("App-Host") == "" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestHealthz(t *testing.T) {
	for fail, want := range map[string]int{"": 200, "true": 503} {
		t.Setenv("FAIL_READY", fail)
		w := httptest.NewRecorder()
		healthz(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		if w.Code != want {
			t.Errorf("FAIL_READY=%q: status %d", fail, w.Code)
		}
	}
}

func TestRelay(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(hello))
	defer other.Close()
	w := httptest.NewRecorder()
	hello(w, httptest.NewRequest(http.MethodGet, "/?get="+other.URL, nil))
	if body := w.Body.String(); !strings.Contains(body, "200 OK\nHello World!") {
		t.Errorf("got %q", body)
	}
}
