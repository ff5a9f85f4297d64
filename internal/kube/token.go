package kube

import (
	"net/http"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// followTokenFile has a token's file read anew where its token is refused. Of itself client-go reads it once a minute: an apply that
// outlives its token would fail for whatever it asks meanwhile.
func followTokenFile(cfg *rest.Config) {
	if cfg.BearerTokenFile == "" {
		return
	}
	token := transport.ResettableTokenSourceWrapTransport(transport.NewCachedFileTokenSource(cfg.BearerTokenFile))
	cfg.BearerToken, cfg.BearerTokenFile = "", ""
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return askAgain{token(next)} })
}

// askAgain sends a request once more that was refused for its token, which client-go has forgotten then.
type askAgain struct{ next http.RoundTripper }

// RoundTrip sends the request, and again after a 401.
func (a askAgain) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil {
		return resp, err
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the refusal is the answer
		}
	}
	_ = resp.Body.Close()
	return a.next.RoundTrip(again)
}
