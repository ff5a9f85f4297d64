package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
)

// maxBody is how much of an answer is read.
const maxBody = 1 << 20

// excerpt is how much of it an error shows.
const excerpt = 200

// HTTP asks for one answer over HTTP, on a connection of its own, and follows no redirect: what is asked is what is judged.
type HTTP struct {
	Method  string
	URL     *url.URL
	Headers map[string]string
	// ConnectTo is the host:port to connect to in place of the URL's; empty for the URL's own.
	ConnectTo string
	// Status are the good ones; none stands for 200–299.
	Status []int64
	// Body has to match where it is not nil.
	Body    *regexp.Regexp
	Timeout time.Duration
}

func (h *HTTP) String() string { return h.Method + " " + h.URL.Redacted() }

// At is the same question to another URL.
func (h *HTTP) At(u *url.URL) *HTTP {
	other := *h
	other.URL = u
	return &other
}

// Ask is Check's.
func (h *HTTP) Ask(ctx context.Context) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, h.Method, h.URL.String(), http.NoBody)
	if err != nil {
		return cause(err), false
	}
	setHeaders(req, h.Headers)
	resp, err := h.client().Do(req)
	if err != nil {
		return cause(err), false
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return "the answer broke off: " + cause(err), false
	}
	if bad := canary.BadStatus(resp.StatusCode, h.Status); bad != "" {
		return bad + begins(body), false
	}
	if h.Body != nil && !h.Body.Match(body) {
		return fmt.Sprintf("status %d, and the body does not match %q%s", resp.StatusCode, h.Body, begins(body)), false
	}
	return fmt.Sprintf("status %d", resp.StatusCode), true
}

func (h *HTTP) client() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	if h.ConnectTo != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, h.ConnectTo)
		}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func setHeaders(req *http.Request, headers map[string]string) {
	for name, value := range headers {
		if strings.EqualFold(name, "Host") {
			req.Host = value // Go takes it from here only
			continue
		}
		req.Header.Set(name, value)
	}
}

// cause is an error without the method and the URL that the check's own name tells.
func cause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	return err.Error()
}

// begins shows how a body begins, on one line.
func begins(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if text == "" {
		return ""
	}
	if r := []rune(text); len(r) > excerpt {
		text = string(r[:excerpt]) + "…"
	}
	return fmt.Sprintf(" (its body: %s)", text)
}
