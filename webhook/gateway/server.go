package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// AnswerHeader is in each answer that is the gateway's own, with the reason. An answer of a Pod passes as it is.
const AnswerHeader = "Knative-Guard-Gateway"

// Reasons of the gateway's own answers.
const (
	reasonUnknown   = "unknown-policy"
	reasonRefused   = "target-refused"
	reasonFull      = "queue-full"
	reasonTimeout   = "timeout"
	reasonCut       = "connection-cut"
	reasonNotLeader = "not-the-dispatcher"
	reasonUnread    = "incomplete"
	reasonStopping  = "stopping"
	reasonGone      = "sender-gone"
	resultAnswered  = "answered" // by a Pod; in metrics only
)

// server takes events in at /NAMESPACE/POLICY[/REST] and hands each to a Pod of the policy's target as a request for /REST, with
// method, headers, query and body as they came.
type server struct {
	targets *targets
	proxy   *httputil.ReverseProxy
	// stopping ends when no event may wait any longer.
	stopping context.Context //nolint:containedctx // the life of the process
}

func newServer(stopping context.Context, t *targets, r *role) *server {
	s := &server{targets: t, stopping: stopping}
	s.proxy = &httputil.ReverseProxy{
		Rewrite:       unchanged,
		Transport:     newHander(r),
		ErrorHandler:  s.answerError,
		FlushInterval: -1, // an answer streams
	}
	return s
}

// events is the handler for whoever sends events.
func (s *server) events() http.Handler { return s.handler(false) }

// peers is the handler for other replicas, which hand on what they have been sent.
func (s *server) peers() http.Handler { return s.handler(true) }

func (s *server) handler(peer bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		key, rest, ok := split(req.URL.EscapedPath())
		t := s.targets.get(key)
		if !ok || t == nil {
			answer(w, http.StatusNotFound, reasonUnknown, fmt.Sprintf("%s names no ScalingPolicy with an event: events go to /NAMESPACE/POLICY, or to a path below it", req.URL.Path))
			return
		}
		about := t.about()
		if about.refusal != "" {
			w.Header().Set("Retry-After", "5")
			answer(w, http.StatusServiceUnavailable, reasonRefused, about.refusal)
			return
		}
		s.hand(w, req, &call{target: t, sender: req.Context(), stopping: s.stopping, peer: peer, rest: rest, original: req.URL.EscapedPath()}, about.timeout)
	})
}

// hand carries an event to its end. Its sender is waited for no longer than it stays, until a Pod has the event; then the event is
// carried on, sender or not: a Pod whose request is cut may work on, and must get no other event meanwhile.
func (s *server) hand(w http.ResponseWriter, req *http.Request, c *call, timeout time.Duration) {
	ctx, cancel := context.WithTimeoutCause(context.WithValue(context.WithoutCancel(req.Context()), callKey{}, c), timeout, errTimeout)
	defer cancel()
	start := time.Now()
	defer func() { measure(c, time.Since(start)) }()
	defer c.release()
	s.proxy.ServeHTTP(deaf{w}, req.WithContext(ctx)) // it panics where a Pod's answer is cut off, so that the sender's is
	c.answered()
}

// unchanged brings back what the proxy takes away by itself. Where the request goes, hander says.
func unchanged(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = v
		}
	}
}

var (
	errTimeout  = errors.New("spec.event.timeout is over")
	errStopping = errors.New("this replica of the gateway stops")
)

// answerError answers in the place of a Pod.
func (s *server) answerError(w http.ResponseWriter, req *http.Request, err error) {
	c := callOf(req.Context())
	reason, status := reasonCut, http.StatusBadGateway
	text := fmt.Sprintf("%s took the event and gave no answer: %v. It may have worked on it, so it is given to no other Pod", c.where(), err)
	switch {
	case errors.Is(err, errFull):
		w.Header().Set("Retry-After", strconv.Itoa(c.target.retryAfter()))
		reason, status, text = reasonFull, http.StatusServiceUnavailable, c.target.full()
	case errors.Is(err, errGone):
		reason, status, text = reasonUnknown, http.StatusNotFound, fmt.Sprintf("ScalingPolicy %s has gone, or has no event any more", c.target.key)
	case errors.Is(err, errNotLeader):
		reason, status, text = reasonNotLeader, http.StatusMisdirectedRequest, "this replica of the gateway does not dispatch now"
	case errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded):
		reason, status = reasonTimeout, http.StatusGatewayTimeout
		text = fmt.Sprintf("no Pod had a place for the event within spec.event.timeout of ScalingPolicy %s (%s)", c.target.key, c.target.about().timeout)
		if c.handed() {
			text = fmt.Sprintf("%s did not answer within spec.event.timeout of ScalingPolicy %s (%s). It may still work on the event", c.where(), c.target.key, c.target.about().timeout)
		}
	case errors.Is(err, errStopping):
		w.Header().Set("Retry-After", "1")
		reason, status, text = reasonStopping, http.StatusServiceUnavailable, "this replica of the gateway stops, and no other dispatches yet"
	case errors.Is(err, errUnread):
		reason, status, text = reasonUnread, http.StatusBadRequest, fmt.Sprintf("the event did not come in whole: %v", err)
	case c.sender.Err() != nil && !c.handed():
		reason, status, text = reasonGone, 499, "the sender has gone"
	}
	c.failed(reason)
	answer(w, status, reason, text)
}

func answer(w http.ResponseWriter, status int, reason, text string) {
	w.Header().Set(AnswerHeader, reason)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "knative-guard gateway: "+text+".\n")
}

// split takes a path apart: /NAMESPACE/POLICY and what the Pod gets.
func split(path string) (policy types.NamespacedName, rest string, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return policy, "", false
	}
	rest = "/"
	if len(parts) == 3 {
		rest += parts[2]
	}
	return types.NamespacedName{Namespace: parts[0], Name: parts[1]}, rest, true
}

// deaf takes no notice of a sender who does not listen any more: the Pod's answer is read to its end all the same.
type deaf struct{ http.ResponseWriter }

// Write never fails.
func (d deaf) Write(b []byte) (int, error) {
	_, _ = d.ResponseWriter.Write(b)
	return len(b), nil
}

// Unwrap is for http.ResponseController.
func (d deaf) Unwrap() http.ResponseWriter { return d.ResponseWriter }
