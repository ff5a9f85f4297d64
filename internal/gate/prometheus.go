package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
)

// Prometheus asks for the value of an instant query at this moment, and wants it within bounds: of a vector, each value.
type Prometheus struct {
	// Address is the URL of the server, without /api/v1.
	Address string
	Query   string
	// Min and Max are the bounds, ends included; nil is none.
	Min, Max *float64
	Headers  map[string]string
	Timeout  time.Duration
}

func (p *Prometheus) String() string {
	bounds := []string{strings.Join(strings.Fields(p.Query), " ")}
	if p.Min != nil {
		bounds = append(bounds, "≥ "+strconv.FormatFloat(*p.Min, 'g', -1, 64))
	}
	if p.Max != nil {
		bounds = append(bounds, "≤ "+strconv.FormatFloat(*p.Max, 'g', -1, 64))
	}
	return strings.Join(bounds, ", ")
}

// Ask is Check's.
func (p *Prometheus) Ask(ctx context.Context) (string, bool) {
	samples, err := p.Samples(ctx)
	if err != nil {
		return err.Error(), false
	}
	if bad := canary.BadSamples(samples, p.Min, p.Max); bad != "" {
		return bad, false
	}
	return seen(samples), true
}

// Samples are the values of the query, whatever the bounds. Connections are kept for the next question.
func (p *Prometheus) Samples(ctx context.Context) ([]canary.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	client, err := api.NewClient(api.Config{Address: p.Address, RoundTripper: withHeaders(p.Headers)})
	if err != nil {
		return nil, err
	}
	// Without a time, the server takes its own clock's.
	value, _, err := promv1.NewAPI(client).Query(ctx, p.Query, time.Time{})
	if err != nil {
		return nil, errors.New("Prometheus did not answer the query: " + cause(err))
	}
	return samplesOf(value)
}

func samplesOf(value model.Value) ([]canary.Sample, error) {
	switch v := value.(type) {
	case *model.Scalar:
		return []canary.Sample{{Value: float64(v.Value)}}, nil
	case model.Vector:
		out := make([]canary.Sample, 0, len(v))
		for _, s := range v {
			sample := canary.Sample{Value: float64(s.Value)}
			if s.Histogram != nil {
				sample.Value = math.NaN()
			}
			if len(s.Metric) > 0 {
				sample.Series = s.Metric.String()
			}
			out = append(out, sample)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the query gave a %s: write one that gives a number, or a vector of them", value.Type())
}

func seen(samples []canary.Sample) string {
	text := strconv.FormatFloat(samples[0].Value, 'g', 6, 64)
	if n := len(samples); n > 1 {
		return fmt.Sprintf("%s, and %d more values within the bounds", text, n-1)
	}
	return text
}

// withHeaders sends headers with each request, and reads no more of an answer than there is to read.
func withHeaders(headers map[string]string) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		setHeaders(req, headers)
		resp, err := api.DefaultRoundTripper.RoundTrip(req)
		if err == nil {
			resp.Body = &limited{io.LimitReader(resp.Body, maxBody), resp.Body}
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// limited is a body that ends early.
type limited struct {
	io.Reader
	io.Closer
}
