package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The answers are those of a Prometheus 3 to the query in their place.
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/.
func TestPrometheus(t *testing.T) {
	result := func(kind, value string) string {
		return fmt.Sprintf(`{"status":"success","data":{"resultType":%q,"result":%s}}`, kind, value)
	}
	series := func(value string) string {
		return fmt.Sprintf(`{"metric":{"__name__":"errors","pod":"b"},"value":[1435781451.781,%q]}`, value)
	}
	low, high := 0.0, 0.05
	for name, tc := range map[string]struct {
		status int
		body   string
		good   bool
		says   string
	}{
		"a vector within":      {200, result("vector", "["+series("0.01")+"]"), true, "0.01"},
		"two series, one bad":  {200, result("vector", "["+series("0.01")+","+series("0.2")+"]"), false, `errors{pod="b"} 0.2, and at most 0.05 is wanted`},
		"two series, all good": {200, result("vector", "["+series("0.01")+","+series("0.02")+"]"), true, "0.01, and 1 more"},
		"a scalar":             {200, result("scalar", `[1435781451.781,"0.05"]`), true, "0.05"},
		"nothing":              {200, result("vector", "[]"), false, "the query gave no value"},
		"0/0":                  {200, result("vector", "["+series("NaN")+"]"), false, "which is no number"},
		"infinite":             {200, result("vector", "["+series("+Inf")+"]"), false, "+Inf, and at most 0.05"},
		"a matrix":             {200, result("matrix", "[]"), false, "the query gave a matrix"},
		"a bad query":          {400, `{"status":"error","errorType":"bad_data","error":"1:5: parse error: unclosed left parenthesis"}`, false, "unclosed left parenthesis"},
		"a proxy's error":      {502, "<html>bad gateway</html>", false, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/prom/api/v1/query" || r.FormValue("query") != `errors{pod=~"a|b"}` || r.Header.Get("Authorization") != "Bearer x" {
					t.Errorf("asked %s with %v and %v", r.URL, r.Form, r.Header)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				_, _ = fmt.Fprint(w, tc.body)
			}))
			defer s.Close()
			p := Prometheus{Address: s.URL + "/prom", Query: `errors{pod=~"a|b"}`, Min: &low, Max: &high, Headers: map[string]string{"Authorization": "Bearer x"}, Timeout: 10 * time.Second}
			if saw, good := p.Ask(t.Context()); good != tc.good || !strings.Contains(saw, tc.says) {
				t.Errorf("got %v: %s; want %v that says %s", good, saw, tc.good, tc.says)
			}
		})
	}
}

func TestPrometheusUnreachable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	p := Prometheus{Address: gone.URL, Query: "up", Timeout: time.Second}
	if saw, good := p.Ask(t.Context()); good || !strings.Contains(saw, "connection refused") {
		t.Errorf("got %v: %s", good, saw)
	}
}

func TestPrometheusString(t *testing.T) {
	low, high := 0.99, 1.0
	p := Prometheus{Query: "sum(rate(ok[1m]))\n  / sum(rate(all[1m]))", Min: &low, Max: &high}
	if got, want := p.String(), "sum(rate(ok[1m])) / sum(rate(all[1m])), ≥ 0.99, ≤ 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
