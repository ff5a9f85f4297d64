package plugin

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	pb "github.com/knative-provider/terraform-provider-knative/internal/scaling/externalscaler"
)

var shop = types.NamespacedName{Namespace: "default", Name: "shop"}

func askOnce(t *testing.T, spec *v1alpha1.ScalingPlugin) (string, error) {
	t.Helper()
	a, err := newAsker(shop, spec, &Connections{})
	if err != nil {
		return "", err
	}
	defer a.close()
	r, err := a.ask(t.Context())
	return fmt.Sprintf("%d of %s", r.pods, r.value), err
}

func externalAt(address, target string, timeout time.Duration) *v1alpha1.ScalingPlugin {
	return &v1alpha1.ScalingPlugin{Name: "queue", Target: target, Timeout: &metav1.Duration{Duration: timeout}, External: &v1alpha1.ExternalScaler{Address: address, Metadata: map[string]string{"queue": "orders"}}}
}

// What a scaler says, and what is made of it.
func TestExternal(t *testing.T) {
	t.Parallel()
	metric := func(f float64, i int64) []*pb.MetricValue {
		return []*pb.MetricValue{{MetricName: "queue", MetricValueFloat: f, MetricValue: i}}
	}
	two := []*pb.MetricSpec{{MetricName: "queue", TargetSize: 5}, {MetricName: "lag", TargetSizeFloat: 0.5}}
	for name, tc := range map[string]struct {
		says   func(*scaler)
		target string
		want   string
		fails  string
	}{
		"active with nothing":   {func(*scaler) {}, "", "1 of 0", ""},
		"not active":            {func(s *scaler) { s.active = false; s.values = metric(23, 0) }, "", "0 of not active", ""},
		"a float":               {func(s *scaler) { s.values = metric(23, 0) }, "", "5 of 23", ""},
		"an integer, as of old": {func(s *scaler) { s.values = metric(0, 23) }, "", "5 of 23", ""},
		"the float goes first":  {func(s *scaler) { s.values = metric(2.5, 23) }, "", "1 of 2.5", ""},
		"a float target":        {func(s *scaler) { s.specs[0].TargetSizeFloat = 0.5; s.values = metric(3, 0) }, "", "6 of 3", ""},
		"the policy's target":   {func(s *scaler) { s.values = metric(23, 0) }, "10", "3 of 23", ""},
		"a quantity":            {func(s *scaler) { s.values = metric(23, 0) }, "500m", "46 of 23", ""},
		"the larger of two": {func(s *scaler) {
			s.specs = two
			s.values = append(metric(6, 0), &pb.MetricValue{MetricName: "lag", MetricValueFloat: 2})
		}, "", "4 of 6, 2", ""},
		"two series are added up": {func(s *scaler) { s.values = append(metric(6, 0), metric(7, 0)...) }, "", "3 of 13", ""},
		"NaN":                     {func(s *scaler) { s.values = metric(math.NaN(), 23) }, "", "", `metric "queue": the value is NaN, which is no number`},
		"infinite":                {func(s *scaler) { s.values = metric(math.Inf(1), 0) }, "", "", "the value is +Inf"},
		"negative":                {func(s *scaler) { s.values = metric(-3, 0) }, "", "", "the value is -3, and no amount is below 0"},
		"negative beside another": {func(s *scaler) { s.values = append(metric(30, 0), metric(0, -3)...) }, "", "", "the value is -3"},
		"no target":               {func(s *scaler) { s.specs[0].TargetSize = 0 }, "", "", "the target is 0: it has to be a number above 0"},
		"no metrics":              {func(s *scaler) { s.specs = nil }, "", "", "GetMetricSpec gave no metric"},
		"no value":                {func(s *scaler) { s.values = nil }, "", "", `GetMetrics gave no value of "queue"`},
		"of another metric":       {func(s *scaler) { s.values[0].MetricName = "lag" }, "", "", `GetMetrics gave no value of "queue"`},
		"an error of its own":     {func(s *scaler) { s.fails = status.Error(codes.Internal, "the broker\nis away") }, "", "", "IsActive: the broker is away"},
		"an endless error":        {func(s *scaler) { s.fails = status.Error(codes.Internal, strings.Repeat("é", 5000)) }, "", "", strings.Repeat("é", longest) + "…"},
		"slow":                    {func(s *scaler) { s.slow = make(chan struct{}) }, "", "", "IsActive: no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			s.set(tc.says)
			got, err := askOnce(t, externalAt(s.address, tc.target, time.Second))
			if tc.fails == "" && (err != nil || got != tc.want) {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
			if tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)) {
				t.Errorf("got %s, %v; want an error that says %s", got, err, tc.fails)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, ref := range s.asked {
				if ref.GetName() != "shop" || ref.GetNamespace() != "default" || ref.GetScalerMetadata()["queue"] != "orders" {
					t.Errorf("asked for %v", ref)
				}
			}
		})
	}
}

func TestExternalUnreachable(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for address, says := range map[string]string{
		l.Addr().String():               "connection refused",
		"unix:///var/run/docker.sock:1": "too many colons in address", // a name, and no way to sockets of this machine
	} {
		if _, err := askOnce(t, externalAt(address, "", 2*time.Second)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

// Two policies that ask one scaler share a connection; it is closed with the last of them.
func TestConnectionsAreShared(t *testing.T) {
	s := serve(t, nil)
	connections := &Connections{}
	var askers []asker
	for range 3 {
		a, err := newAsker(shop, externalAt(s.address, "", time.Second), connections)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		askers = append(askers, a)
		if len(connections.opened) != 1 {
			t.Fatalf("%d connections", len(connections.opened))
		}
	}
	askers[0].close()
	askers[1].close()
	if _, err := askers[2].ask(t.Context()); err != nil {
		t.Errorf("the connection was closed under another policy: %v", err)
	}
	askers[2].close()
	if len(connections.opened) != 0 {
		t.Errorf("%d connections are left", len(connections.opened))
	}
}

func TestPrometheusQuery(t *testing.T) {
	vector := func(values ...string) string {
		var series []string
		for i, v := range values {
			series = append(series, fmt.Sprintf(`{"metric":{"pod":"%d"},"value":[1435781451.781,%q]}`, i, v))
		}
		return fmt.Sprintf(`{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(series, ","))
	}
	for name, tc := range map[string]struct{ body, want, fails string }{
		"a value":       {vector("23"), "5 of 23", ""},
		"nothing":       {vector("0"), "0 of 0", ""},
		"no value":      {vector(), "", "the query gave no value"},
		"two values":    {vector("1", "2"), "", "the query gave 2 values: write one that gives one, such as sum(…)"},
		"NaN":           {vector("NaN"), "", "the value is NaN"},
		"negative":      {vector("-1"), "", "no amount is below 0"},
		"not a query":   {`{"status":"error","errorType":"bad_data","error":"parse error"}`, "", "parse error"},
		"no Prometheus": {"<html>", "", "Prometheus did not answer the query"},
		"endless":       {`{"status":"` + strings.Repeat("x", 3<<20), "", "Prometheus did not answer the query"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("query") != "sum(lag)" {
					t.Errorf("asked for %s", r.FormValue("query"))
				}
				_, _ = fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			got, err := askOnce(t, &v1alpha1.ScalingPlugin{Name: "lag", Target: "5", Prometheus: &v1alpha1.PrometheusScaler{Address: server.URL, Query: "sum(lag)"}})
			if tc.fails == "" && (err != nil || got != tc.want) || tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)) {
				t.Errorf("got %s, %v; want %s%s", got, err, tc.want, tc.fails)
			}
		})
	}
}
